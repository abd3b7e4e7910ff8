import { DerReader, decodeTime, TAG } from '@peerkit/identity/der'
import { readName } from '@peerkit/identity/x509'

export interface CrlPeriod {
  readonly issuer: string
  /** Milliseconds since the epoch. */
  readonly thisUpdate: number
  readonly nextUpdate: number | undefined
}

/** The period of a CRL (RFC 5280 section 5.1.2). Undefined if the DER is not a CRL. The signature is not checked. */
export function readCrlPeriod (der: Uint8Array): CrlPeriod | undefined {
  try {
    const tbs = new DerReader(der).enter(TAG.sequence).enter(TAG.sequence)
    tbs.optional(TAG.integer)
    tbs.expect(TAG.sequence)
    const name = tbs.expect(TAG.sequence)
    const time = (): number | undefined => {
      const element = tbs.optional(TAG.utcTime) ?? tbs.optional(TAG.generalizedTime)
      return element === undefined ? undefined : decodeTime(der, element.tag, element.contentStart, element.end)
    }
    const thisUpdate = time()
    return thisUpdate === undefined
      ? undefined
      : { issuer: String(readName(der, name.start, name.end)), thisUpdate, nextUpdate: time() }
  } catch {
    return undefined
  }
}
