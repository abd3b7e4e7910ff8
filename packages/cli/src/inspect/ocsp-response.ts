import { readName } from '@peerkit/identity/x509'
import { readOcspResponse } from '@peerkit/revocation/internal'
import type { OcspAnswer, OcspResponse } from '@peerkit/revocation/internal'
import { describeMoment, describePeriod, shownRows } from '../output.ts'
import { readPresented } from './certificate.ts'
import type { Described } from './objects.ts'

/** What an OCSP response says (RFC 6960). Its signature is not checked: that needs the certificate and its issuer. */
export function describeOcsp (der: Uint8Array): Described {
  const kind = { list: 'ocspResponses', title: 'OCSP response' }
  let response: OcspResponse
  try {
    response = readOcspResponse(der)
  } catch (error) {
    const { reason, status = '' } = error as { reason?: string, status?: string }
    if (reason !== 'responder_status') throw error
    return { ...kind, data: { status }, text: shownRows([['status', `${status}: the responder has no answer`]]) }
  }
  const { responder, producedAt, algorithm, nonce, certificates } = response
  const data = {
    status: 'successful',
    responder: 'name' in responder ? { name: String(readName(responder.name)) } : responder,
    producedAt: describeMoment(producedAt),
    signatureAlgorithm: algorithm.name,
    signature: 'not_checked',
    nonce: nonce && Buffer.from(nonce).toString('hex'),
    certificates: certificates.map((one) => String(readPresented(one).peer ?? 'unreadable')),
    answers: response.answers.map(describeAnswer)
  }
  return { ...kind, data, text: describeAsText(data, response) }
}

function describeAnswer ({ certId, state, revokedAt, reason, thisUpdate, nextUpdate }: OcspAnswer): object {
  return {
    serialNumber: certId.serialNumber,
    state,
    ...(state === 'revoked' && revokedAt !== undefined && { revokedAt: describeMoment(revokedAt), reason }),
    thisUpdate: describeMoment(thisUpdate),
    nextUpdate: nextUpdate === undefined ? undefined : describeMoment(nextUpdate)
  }
}

function describeAsText (
  { responder, producedAt, signatureAlgorithm, nonce, certificates }: {
    readonly responder: { readonly name: string } | { readonly keyHash: string }
    readonly producedAt: string
    readonly signatureAlgorithm: string
    readonly nonce: string | undefined
    readonly certificates: readonly string[]
  },
  { answers }: OcspResponse
): string {
  const now = Date.now()
  return shownRows([
    ['status', 'successful'],
    ['responder', 'name' in responder ? responder.name : `key SHA-1 ${responder.keyHash}`],
    ['producedAt', producedAt],
    ['algorithm', signatureAlgorithm],
    ['signature', 'not checked: that needs the certificate and its issuer'],
    ['nonce', nonce ?? 'none'],
    ['certificates', certificates.length === 0 ? 'none: the issuer has signed it' : certificates],
    ['answers', answers.map(({ certId, state, revokedAt, thisUpdate, nextUpdate }) => {
      const period = nextUpdate === undefined ? 'no nextUpdate' : describePeriod(thisUpdate, nextUpdate, now)
      const since = revokedAt === undefined ? '' : ` since ${describeMoment(revokedAt)}`
      return `${certId.serialNumber}  ${state}${since}, of ${describeMoment(thisUpdate)}: ${period}`
    })]
  ])
}
