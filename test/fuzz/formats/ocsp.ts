// OCSP responses: read, and verified for a certificate. Only what the CA or its delegate signed may be accepted.
import { createDevCa } from '@peerkit/dev-ca'
import { parsePeerIdentity } from '@peerkit/identity'
import { verifyOcspResponse } from '@peerkit/revocation'
import type { VerifiedOcsp } from '@peerkit/revocation'
import { readOcspResponse } from '@peerkit/revocation/internal'
import type { OcspResponse } from '@peerkit/revocation/internal'
import { mutateDer } from '@peerkit/test-support/mutate-der'
import { writeOcspRequest, describeCertId } from '../../../packages/revocation/src/ocsp/ocsp-request.ts'
import { craftOcspResponse } from '../../../packages/revocation/test/support/ocsp-responder.ts'
import type { OcspLie } from '../../../packages/revocation/test/support/ocsp-responder.ts'
import { hasCode } from '../engine/format.ts'
import type { Format } from '../engine/format.ts'

const ca = await createDevCa({ name: 'OCSP' })
const issuer = parsePeerIdentity(ca.der)
const subject = parsePeerIdentity((await ca.issue({ cn: 'asked about' })).der)
const delegate = await ca.issue({ cn: 'responder', extendedKeyUsage: ['1.3.6.1.5.5.7.3.9'] })
const now = Math.floor(Date.now() / 1_000) * 1_000
const request = writeOcspRequest(describeCertId(subject, issuer, 'sha1'), undefined)
const at = (ahead: number): Date => new Date(now + ahead)
const times = { thisUpdate: at(-60_000), producedAt: at(-60_000), nextUpdate: at(3_600_000) }
const lies: readonly OcspLie[] = [
  { state: 'good' }, { state: 'revoked', reason: 1, revokedAt: at(-5_000_000) }, { state: 'revoked', revokedAt: at(-5_000_000) },
  { state: 'unknown' }, { state: 'good', signer: delegate, byKey: true }, { state: 'good', nextUpdate: null },
  { outerStatus: 3 }, { state: 'good', version: 0, nonce: Buffer.from('nonce') }
]
const responses = lies.map((lie) => Buffer.from(craftOcspResponse(ca, request, { ...times, ...lie })))
/** The signed parts of the responses: the only ones that may be accepted. */
const signed = new Set(responses.slice(0, 6).concat(responses[7]!).map((der) => Buffer.from(readOcspResponse(der).tbs).toString('hex')))

interface Read { readonly response: OcspResponse, readonly verified: VerifiedOcsp | string }

export const ocsp: Format = {
  name: 'ocsp',
  seeds: responses,
  mutate: mutateDer,
  read: (input) => ({ response: readOcspResponse(input), verified: verify(input) }) satisfies Read,
  isDocumented: (error) => hasCode(error, 'MTLS_ERR_OCSP_INVALID'),
  check ({ response, verified }: Read) {
    if (typeof verified === 'string' || signed.has(Buffer.from(response.tbs).toString('hex'))) return undefined
    return `accepted an answer that nobody signed: ${verified.state}`
  },
  label: ({ verified }: Read) => typeof verified === 'string' ? `read, ${verified}` : verified.state,
  maxSteps: (octets) => 20_000 + 60 * octets
}

function verify (input: Buffer): VerifiedOcsp | string {
  try {
    return verifyOcspResponse(input, subject, issuer, { now: () => now })
  } catch (error) {
    if (!hasCode(error, 'MTLS_ERR_OCSP_INVALID')) throw error
    return (error as { reason: string }).reason
  }
}
