import type { BlockOption, TrustSource } from '@peerkit/credentials'
import type { RevocationChecker } from '@peerkit/revocation'
import { MTLS_ERR_SERVER_OPTION } from './errors.ts'
import type { ForwardedOption } from './forwarded-peer.ts'
import { checkChoice, checkKeys, checkMethods, checkOpen } from './option-check.ts'

/** Options of `@peerkit/fastify-mtls`. On an app that `withMtls` made none is needed. */
export interface FastifyMtlsOptions {
  /**
   * Reads client certificates that a trusted gateway passes on. On an app of `withMtls` they count beside those of direct
   * connections. On a plain `Fastify()` clients are known by them alone; the gateway is then known by its address or a
   * Unix socket.
   */
  readonly forwarded?: ForwardedOption
  /**
   * On a plain `Fastify()`: whose CAs vouch for the gateway's clients, and for which names. `fileTrust` and `memoryTrust`
   * of @peerkit/credentials make it. Default: none, and the gateway alone decides.
   */
  readonly trust?: TrustSource
  /** With `trust`: asked about revocation beside the CRLs of `trust`. Both must accept the certificate. */
  readonly revocation?: RevocationChecker
  /** With `trust`: clients to refuse at once, see `MtlsServerOptions`. */
  readonly block?: BlockOption
  /**
   * Whether closing the app also closes the credentials that `withMtls` got, or `trust`. Default false: whoever made
   * them closes them, since other apps and clients may use them.
   */
  readonly closeCredentials?: boolean
}

const KNOWN = ['forwarded', 'trust', 'revocation', 'block', 'closeCredentials']
const WHAT = '@peerkit/fastify-mtls'

/** @throws MTLS_ERR_SERVER_OPTION naming the option, what was found and what was expected */
export function checkPluginOptions (options: FastifyMtlsOptions): void {
  if ('credentials' in options) {
    throw new MTLS_ERR_SERVER_OPTION('found credentials; expected none: the plugin takes those that withMtls got. Write app.register(fastifyMtls)')
  }
  if ('serverFactory' in options) {
    throw new MTLS_ERR_SERVER_OPTION('found the options of Fastify itself, as fastify-cli and @fastify/autoload pass them on to every plugin; expected a plugin around this one: fp(async (app) => { await app.register(fastifyMtls) })')
  }
  checkKeys(options, KNOWN, WHAT)
  checkChoice(options.closeCredentials, [true, false], 'closeCredentials')
}

/** On an app of `withMtls` the trust comes from the credentials, and the rest from the options under `mtls`. @throws MTLS_ERR_SERVER_OPTION */
export function refuseOwnTrust (options: FastifyMtlsOptions): void {
  const found = (['trust', 'revocation', 'block'] as const).find((key) => options[key] !== undefined)
  if (found === undefined) return
  throw new MTLS_ERR_SERVER_OPTION(`found ${found} on an app that withMtls made; ${found === 'trust' ? 'its credentials say whom to trust' : `expected it there: withMtls(credentials, { mtls: { ${found} } })`}`)
}

/** The option `trust` of an app behind a gateway. @throws MTLS_ERR_SERVER_OPTION */
export function checkTrust ({ trust, revocation, block, closeCredentials }: FastifyMtlsOptions): TrustSource | undefined {
  if (trust === undefined) {
    const needing = Object.entries({ revocation, block, closeCredentials }).find(([, value]) => value !== undefined)
    if (needing !== undefined) throw new MTLS_ERR_SERVER_OPTION(`found ${needing[0]} without trust; expected a source such as fileTrust() gives`)
    return undefined
  }
  if (typeof (trust as Partial<TrustSource> | null)?.subscribe !== 'function' || trust.current?.authorities === undefined) {
    throw new MTLS_ERR_SERVER_OPTION(`trust is ${trust instanceof Promise ? 'a Promise (await it)' : typeof trust}; expected a source such as fileTrust() gives`)
  }
  checkOpen(trust, 'the CAs of the option trust')
  checkMethods(revocation, ['check', 'permits', 'subscribe'], 'revocation')
  return trust
}
