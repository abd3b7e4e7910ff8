import type { BlockOption, TrustSource } from '@peerkit/credentials'
import type { ForwardedReader, ForwardedReaderOptions } from '@peerkit/forwarded'
import { anything, checkOption, defineOptions, flag, revocationChecker, source } from '@peerkit/identity/internal'
import type { RevocationChecker } from '@peerkit/revocation'
import { checkOpen } from './server/server-options.ts'
import { ServerOptionError } from './errors.ts'

/** A reader, or the options of one. A reader made from options uses the server's validator and clock. */
export type ForwardedOption = ForwardedReader | (ForwardedReaderOptions & VerifiedAs)

interface VerifiedAs {
  /**
   * The authority whose CAs the gateway verifies clients with. Its bounds on names apply if the gateway forwards no
   * chain that leads to an authority. A chain that leads to another authority is refused. Required for such gateways if
   * there are several authorities or bounds on names.
   */
  readonly verifiedAs?: string
}

/** Options of `@peerkit/fastify-mtls`. An app of `withMtls` needs none. */
export interface FastifyMtlsOptions {
  /**
   * Accepts client certificates that a trusted gateway forwards in headers. On an app of `withMtls` direct connections
   * are accepted too. On a plain `Fastify()` the gateway is recognized by its address or a Unix socket.
   */
  readonly forwarded?: ForwardedOption
  /**
   * On a plain `Fastify()`: the CAs that vouch for the gateway's clients, and for which names. Made by `fileTrust` or
   * `memoryTrust` of @peerkit/credentials. Default: none, only the gateway decides.
   */
  readonly trust?: TrustSource
  /** With `trust`: checks revocation in addition to the CRLs of `trust`. All must accept the certificate. */
  readonly revocation?: RevocationChecker
  /** With `trust`: clients to refuse at once, see `MtlsServerOptions`. */
  readonly block?: BlockOption
  /**
   * Whether closing the app also closes the credentials given to `withMtls`, or `trust`. Default false: you close them
   * yourself, since other apps and clients may use them.
   */
  readonly closeCredentials?: boolean
  /**
   * Whether CORS preflights are answered without a certificate, by the route `OPTIONS *` of `@fastify/cors`. Browsers
   * send none with a preflight. The server needs `clientCertificate: 'optional'`. All other requests are guarded as
   * without this option. Default false.
   */
  readonly corsPreflights?: boolean
}

const OPTIONS = defineOptions<FastifyMtlsOptions>('@peerkit/fastify-mtls', ServerOptionError, {
  forwarded: anything,
  trust: anything,
  revocation: anything,
  block: anything,
  closeCredentials: flag,
  corsPreflights: flag
})
const TRUST = source('a source such as fileTrust() returns', 'authorities')

function isSource (options: object): boolean {
  return 'current' in options && typeof (options as { readonly subscribe?: unknown }).subscribe === 'function'
}

/** @throws ServerOptionError naming the option, what was found and what was expected */
export function checkPluginOptions (options: FastifyMtlsOptions): void {
  if (isSource(options)) {
    throw new ServerOptionError(
      'found a source of credentials or trust in place of options; expected the credentials in withMtls: ' +
        'Fastify(withMtls(credentials)), and then app.register(fastifyMtls)'
    )
  }
  if ('credentials' in options) {
    throw new ServerOptionError(
      'found credentials; expected none: the plugin uses those of withMtls. Write app.register(fastifyMtls)'
    )
  }
  if ('serverFactory' in options) {
    throw new ServerOptionError(
      'found the options of Fastify itself, as fastify-cli and @fastify/autoload pass them on to every plugin; ' +
        'expected a plugin around this one: fp(async (app) => { await app.register(fastifyMtls) })'
    )
  }
  OPTIONS.check(options)
}

/**
 * Refuses `trust`, `revocation` and `block` on an app of `withMtls`, which has them already.
 *
 * @throws ServerOptionError
 */
export function refuseOwnTrust (options: FastifyMtlsOptions): void {
  const found = (['trust', 'revocation', 'block'] as const).find((key) => options[key] !== undefined)
  if (found === undefined) return
  const expected = found === 'trust'
    ? 'expected the CAs in the credentials'
    : `expected withMtls(credentials, { mtls: { ${found} } })`
  throw new ServerOptionError(`found ${found} on an app that withMtls made; ${expected}`)
}

/** The option `trust` of an app behind a gateway. @throws ServerOptionError */
export function checkTrust (
  { trust, revocation, block, closeCredentials }: FastifyMtlsOptions
): TrustSource | undefined {
  if (trust === undefined) {
    const needing = Object.entries({ revocation, block, closeCredentials }).find(([, value]) => value !== undefined)
    if (needing !== undefined) {
      throw new ServerOptionError(
        `found ${needing[0]} without trust; expected trust, a source such as fileTrust() returns`
      )
    }
    return undefined
  }
  checkOption(trust, TRUST, 'trust', ServerOptionError)
  checkOpen(trust, 'the CAs of the option trust')
  checkOption(revocation, revocationChecker, 'revocation', ServerOptionError)
  return trust
}
