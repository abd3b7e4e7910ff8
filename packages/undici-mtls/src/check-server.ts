import { isIP } from 'node:net'
import type { PeerIdentity } from '@peerkit/identity'
import { clip } from '@peerkit/identity/internal'
import type { Refused } from '@peerkit/trust'
import { MTLS_ERR_OUTBOUND_WRONG_SERVER, untrusted, withFacts } from './errors.ts'
import { isForHostName } from './host-name.ts'
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
  const isNamed = (rules.byNameAlone || rules.byName !== undefined) && isForHostName(server, hostname)
  if (isNamed && (rules.byNameAlone || (await rules.byName?.authorize(server))?.allowed === true)) return
  const reason = isNamed || (rules.byName === undefined && !rules.byNameAlone) ? 'rules' : 'host_name'
  const found = `${String(server)}${describeNames(server)}${describeUnbelieved(server, hostname)}`
  const expected = rules.describe(hostname)
  throw withFacts(new MTLS_ERR_OUTBOUND_WRONG_SERVER(origin), {
    retryable: false, origin, reason, expected, found
  })
}

const MAX_NAMES = 5
const MAX_NAME_LENGTH = 128

/** The names of a certificate, as many as a log line can take. The server chose them. */
function describeNames ({ subjectAltNames }: PeerIdentity): string {
  if (subjectAltNames === undefined) return ''
  const kinds = ([['DNS', 'dns'], ['IP', 'ip'], ['URI', 'uri']] as const).flatMap(([label, kind]) => {
    const names = subjectAltNames[kind]
    if (names.length === 0) return []
    const more = names.length > MAX_NAMES ? ` and ${names.length - MAX_NAMES} more` : ''
    return [`${label} ${names.slice(0, MAX_NAMES).map(printable).join(', ')}${more}`]
  })
  return kinds.length === 0 ? ', without names' : `, names: ${kinds.join('; ')}`
}

function printable (name: string): string {
  return clip(name, MAX_NAME_LENGTH).replace(/[^\x20-\x7e…]/g, '?')
}

/** Explains why a host name that is in the certificate does not count. */
function describeUnbelieved ({ authority, notBelieved }: PeerIdentity, hostname: string): string {
  const kind = isIP(hostname) === 0 ? 'dns' : 'ip'
  return notBelieved.includes(kind)
    ? ` (authority "${authority ?? ''}" does not vouch for ${kind === 'dns' ? 'DNS names' : 'IP addresses'})`
    : ''
}
