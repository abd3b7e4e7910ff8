import { X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'
import type { PeerIdentity } from '@peerkit/identity'
import { viewDer } from '@peerkit/identity'
import type { Refused } from '@peerkit/trust'
import { MTLS_ERR_OUTBOUND_WRONG_SERVER, untrusted, withFacts } from './errors.ts'
import type { ServerRules } from './server-rules.ts'

export interface IdentityCheck {
  readonly server: PeerIdentity
  /** The name that the certificate must be for. */
  readonly hostname: string
  /** The name of the origin in errors. */
  readonly origin: string
  readonly rules: ServerRules
}

/** Makes the error for a server whose certificate is not accepted. */
export function refusalOf ({ reason, detail }: Refused, origin: string): Error {
  return untrusted(reason, detail.message, { retryable: reason === 'revocation_unknown', origin, detail })
}

/**
 * Checks that the expected server answered. With a rule on the SPIFFE ID the host name is not checked. With other rules
 * the certificate must match both the rule and the host name. Called after every handshake, also on resumed sessions,
 * before a byte of a request is written.
 *
 * @throws MTLS_ERR_OUTBOUND_WRONG_SERVER
 */
export async function checkIdentity ({ server, hostname, origin, rules }: IdentityCheck): Promise<void> {
  if (rules.byId !== undefined && (await rules.byId.authorize(server)).allowed) return
  const isNamed = (rules.byNameAlone || rules.byName !== undefined) && isForHostname(server, hostname)
  if (isNamed && (rules.byNameAlone || (await rules.byName?.authorize(server))?.allowed === true)) return
  const reason = isNamed || (rules.byName === undefined && !rules.byNameAlone) ? 'rules' : 'host_name'
  const [found, expected] = [`${String(server)}${describeUnbelieved(server, hostname)}`, rules.describe(hostname)]
  throw withFacts(new MTLS_ERR_OUTBOUND_WRONG_SERVER(origin, found, expected), {
    retryable: false, origin, reason, expected, found
  })
}

/** Explains why a host name that is in the certificate does not count. */
function describeUnbelieved ({ authority, notBelieved }: PeerIdentity, hostname: string): string {
  const kind = isIP(hostname) === 0 ? 'dns' : 'ip'
  return notBelieved.includes(kind)
    ? ` (authority "${authority ?? ''}" does not vouch for ${kind === 'dns' ? 'DNS names' : 'IP addresses'})`
    : ''
}

/**
 * Caches the last host name check of an identity. A resumed session repeats it, and parsing the certificate costs more
 * than all the other checks.
 */
const lastLookups = new WeakMap<PeerIdentity, { readonly hostname: string, readonly found: boolean }>()

/**
 * Whether a certificate is for a host name. RFC 9525: only subject alternative names count, never the common name.
 * Names that the server's authority does not vouch for do not count.
 */
function isForHostname (server: PeerIdentity, hostname: string): boolean {
  if (server.notBelieved.includes(isIP(hostname) === 0 ? 'dns' : 'ip')) return false
  const last = lastLookups.get(server)
  if (last?.hostname === hostname) return last.found
  const certificate = new X509Certificate(viewDer(server) ?? new Uint8Array())
  const matched = isIP(hostname) === 0
    ? certificate.checkHost(hostname, { subject: 'never', partialWildcards: false })
    : certificate.checkIP(hostname)
  const found = matched !== undefined
  lastLookups.set(server, { hostname, found })
  return found
}
