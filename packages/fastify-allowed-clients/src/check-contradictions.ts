import { MTLS_ERR_ALLOWED_CLIENTS_OPTION } from './errors.ts'
import type { RouteRequirements } from './route-requirements.ts'

/**
 * Refuses a route whose `clientCertificate` contradicts its rules. `printRoutes()` and `evaluate()` go by the rules, so
 * they would tell something else than what the route answers.
 *
 * @param clientCertificate of the config of the route, which @peerkit/fastify-mtls reads
 * @throws MTLS_ERR_ALLOWED_CLIENTS_OPTION naming the route
 */
export function checkContradiction ({ site, requirements }: RouteRequirements, clientCertificate: unknown): void {
  const name = `${site.methods.join(',')} ${site.url}`
  if (clientCertificate === 'required' && requirements.length === 0) {
    throw new MTLS_ERR_ALLOWED_CLIENTS_OPTION(
      `${name}: the rules are 'public', but config.clientCertificate is "required"; expected no clientCertificate, ` +
        "or the rules 'authenticated'"
    )
  }
  if (clientCertificate !== 'optional') return
  // In report-only mode a client without a certificate passes, and is logged.
  const needing = requirements.find(({ mode, policy }) => mode === 'enforce' && policy.isClosed !== true)
  if (needing === undefined) return
  throw new MTLS_ERR_ALLOWED_CLIENTS_OPTION(
    `${name}: config.clientCertificate is "optional", but the rules of ${needing.origin} need a certificate; ` +
      "expected no clientCertificate, or the rules 'public'"
  )
}
