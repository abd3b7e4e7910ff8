import { X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'
import type { CredentialSnapshot } from '@peerkit/credentials'
import type { PeerIdentity } from '@peerkit/identity'
import { checkChain } from '@peerkit/revocation'
import type { RevocationChecker } from '@peerkit/revocation'
import { MTLS_ERR_OUTBOUND_SERVER_EXPIRED, MTLS_ERR_OUTBOUND_SERVER_REVOKED, MTLS_ERR_OUTBOUND_SERVER_UNTRUSTED, MTLS_ERR_OUTBOUND_WRONG_SERVER, withFacts } from './errors.ts'
import type { OriginPolicy } from './origin-policy.ts'

export interface ServerQuestion {
  readonly server: PeerIdentity
  readonly hostname: string
  readonly policy: OriginPolicy
  readonly snapshot: CredentialSnapshot
  readonly checkers: readonly RevocationChecker[]
  readonly now: number
}

/**
 * Whether the server that answered is one that was meant: asked after every handshake, resumed ones included, before a byte of a request is written.
 *
 * @throws MTLS_ERR_OUTBOUND_SERVER_EXPIRED, MTLS_ERR_OUTBOUND_SERVER_UNTRUSTED, MTLS_ERR_OUTBOUND_SERVER_REVOKED, MTLS_ERR_OUTBOUND_WRONG_SERVER
 */
export async function judgeServer (question: ServerQuestion): Promise<void> {
  const { server, policy, snapshot, checkers, now } = question
  const path = [server, ...(server.chain ?? [])]
  if (path.some(({ notAfter = -Infinity }) => now >= notAfter)) throw withFacts(new MTLS_ERR_OUTBOUND_SERVER_EXPIRED(policy.origin), { retryable: false })
  const anchor = path.at(-1)?.fingerprint256
  if (path.length < 2 || !snapshot.anchors.some(({ fingerprint256 }) => fingerprint256 === anchor)) {
    throw withFacts(new MTLS_ERR_OUTBOUND_SERVER_UNTRUSTED(policy.origin, 'its chain leads to no CA in force'), { retryable: false })
  }
  if (policy.checksHostName) checkHostName(question)
  await checkRules(question)
  for (const checker of checkers) {
    const status = await checkChain(checker, server)
    if (!status.permitted) {
      const why = status.state === 'unknown' ? `its revocation status is unknown (${status.why})` : 'it is revoked'
      throw withFacts(new MTLS_ERR_OUTBOUND_SERVER_REVOKED(policy.origin, why), { retryable: status.state === 'unknown' })
    }
  }
}

/** RFC 9525: names are the subject alternative names alone, never the common name. */
function checkHostName ({ server, hostname, policy }: ServerQuestion): void {
  const certificate = new X509Certificate(server.raw ?? new Uint8Array())
  const matches = isIP(hostname) === 0 ? certificate.checkHost(hostname, { subject: 'never' }) : certificate.checkIP(hostname)
  if (matches !== undefined) return
  throw withFacts(new MTLS_ERR_OUTBOUND_WRONG_SERVER(policy.origin, String(server), `a certificate for ${hostname}`), { retryable: false })
}

async function checkRules ({ server, policy }: ServerQuestion): Promise<void> {
  const { authorizer } = policy
  if (authorizer === undefined) return
  const verdict = await authorizer.authorize(server)
  if (verdict.allowed) return
  throw withFacts(new MTLS_ERR_OUTBOUND_WRONG_SERVER(policy.origin, String(server), authorizer.describe()), { retryable: false })
}
