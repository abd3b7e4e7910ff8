import { X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'
import type { CredentialSnapshot } from '@peerkit/credentials'
import type { PeerIdentity } from '@peerkit/identity'
import { checkChain } from '@peerkit/revocation'
import type { RevocationChecker } from '@peerkit/revocation'
import { MTLS_ERR_OUTBOUND_SERVER_EXPIRED, MTLS_ERR_OUTBOUND_SERVER_REVOKED, MTLS_ERR_OUTBOUND_SERVER_UNTRUSTED, MTLS_ERR_OUTBOUND_WRONG_SERVER, withFacts } from './errors.ts'
import type { ServerRules } from './server-rules.ts'

export interface ServerQuestion {
  readonly server: PeerIdentity
  /** The name that the certificate must be for. */
  readonly hostname: string
  /** As errors call it. */
  readonly origin: string
  readonly rules: ServerRules
  readonly snapshot: CredentialSnapshot
  readonly checkers: readonly RevocationChecker[]
  readonly now: number
}

/**
 * Whether the server that answered is one that was meant: asked after every handshake, resumed ones included, before a byte of a request is written.
 *
 * @returns until when the answer holds: the first end of a certificate or of a word on revocation, in milliseconds since the epoch
 * @throws MTLS_ERR_OUTBOUND_SERVER_EXPIRED, MTLS_ERR_OUTBOUND_SERVER_UNTRUSTED, MTLS_ERR_OUTBOUND_SERVER_REVOKED, MTLS_ERR_OUTBOUND_WRONG_SERVER
 */
export async function judgeServer (question: ServerQuestion): Promise<number> {
  const { server, origin, snapshot, checkers, now } = question
  const path = [server, ...(server.chain ?? [])]
  const ends = path.map(({ notAfter = -Infinity }) => notAfter)
  if (ends.some((end) => now >= end)) throw withFacts(new MTLS_ERR_OUTBOUND_SERVER_EXPIRED(origin), { retryable: false, origin })
  if (path.some(({ notBefore = Infinity }) => now < notBefore)) throw untrusted(origin, 'it is not valid yet', 'not_yet_valid')
  const anchor = path.at(-1)?.fingerprint256
  if (anchor === undefined || !snapshot.anchors.some(({ fingerprint256 }) => fingerprint256 === anchor)) throw untrusted(origin, 'its chain leads to no CA in force', 'unknown_ca')
  await checkMeant(question)
  for (const checker of checkers) {
    const status = await checkChain(checker, server)
    if (!status.permitted) {
      const isKnown = status.state !== 'unknown'
      const why = status.state === 'unknown' ? `its revocation status is unknown (${status.why})` : 'it is revoked'
      throw withFacts(new MTLS_ERR_OUTBOUND_SERVER_REVOKED(origin, why), { retryable: !isKnown, origin, reason: isKnown ? 'revoked' : 'status_unknown' })
    }
    if (status.state === 'good') ends.push(status.until)
  }
  return Math.min(...ends)
}

function untrusted (origin: string, why: string, reason: 'unknown_ca' | 'not_yet_valid'): Error {
  return withFacts(new MTLS_ERR_OUTBOUND_SERVER_UNTRUSTED(origin, why), { retryable: false, origin, reason })
}

/** By SPIFFE ID, which replaces the host name; or by host name, which other rules narrow. */
async function checkMeant ({ server, hostname, origin, rules }: ServerQuestion): Promise<void> {
  if (rules.byId !== undefined && (await rules.byId.authorize(server)).allowed) return
  const isNamed = (rules.byNameAlone || rules.byName !== undefined) && isFor(server, hostname)
  if (isNamed && (rules.byNameAlone || (await rules.byName?.authorize(server))?.allowed === true)) return
  const reason = isNamed || (rules.byName === undefined && !rules.byNameAlone) ? 'rules' : 'host_name'
  const [found, expected] = [String(server), rules.describe(hostname)]
  throw withFacts(new MTLS_ERR_OUTBOUND_WRONG_SERVER(origin, found, expected), { retryable: false, origin, reason, expected, found })
}

/** Of an identity, the name that was last looked for: a resumed session shows the same certificate to the same name, and reading it costs more than the rest of the judgement. */
const lookedFor = new WeakMap<PeerIdentity, { readonly hostname: string, readonly found: boolean }>()

/** RFC 9525: names are the subject alternative names alone, never the common name. */
function isFor (server: PeerIdentity, hostname: string): boolean {
  const last = lookedFor.get(server)
  if (last?.hostname === hostname) return last.found
  const certificate = new X509Certificate(server.raw ?? new Uint8Array())
  const matched = isIP(hostname) === 0 ? certificate.checkHost(hostname, { subject: 'never', partialWildcards: false }) : certificate.checkIP(hostname)
  const found = matched !== undefined
  lookedFor.set(server, { hostname, found })
  return found
}
