import { DerSequence } from './der-sequence.ts'
import { TAG } from '@peerkit/identity/der'
import { readBoolean } from './der-values.ts'
import { crlInvalid } from './errors.ts'

/** Which certificates of its issuer a CRL covers (issuing distribution point, RFC 5280 section 5.2.5). */
export interface CrlScope {
  readonly only: 'user' | 'ca' | undefined
  /**
   * The distribution point's names in DER, in hex. The certificate must name one of them. Undefined: every
   * certificate.
   */
  readonly distributionPoints: readonly string[] | undefined
  /** The extension in hex, '' if there is none. A delta CRL's must equal its base's. */
  readonly raw: string
}

export const WHOLE_SCOPE: CrlScope = Object.freeze({ only: undefined, distributionPoints: undefined, raw: '' })

/** Reads the extension's value. Refuses scopes that would make the list partial or indirect. */
export function readCrlScope (value: Uint8Array): CrlScope {
  const point = DerSequence.of(value, TAG.sequence)
  const name = point.optionalOpen(0xa0)
  const distributionPoints = name === undefined ? undefined : readPointNames(name)
  if (name !== undefined && distributionPoints === undefined) {
    throw crlInvalid('scope', 'the distribution point is named relative to the issuer')
  }
  const onlyUser = readFlag(point, 0x81)
  const onlyCa = readFlag(point, 0x82)
  if (point.optional(0x83) !== undefined) {
    throw crlInvalid('scope', 'it lists revocations for some reasons only (onlySomeReasons)')
  }
  if (readFlag(point, 0x84)) throw crlInvalid('indirect', 'it covers other issuers (indirectCRL)')
  if (readFlag(point, 0x85)) {
    throw crlInvalid('scope', 'it lists attribute certificates only (onlyContainsAttributeCerts)')
  }
  point.finish()
  if (onlyUser && onlyCa) throw crlInvalid('scope', 'it has both onlyContainsUserCerts and onlyContainsCACerts')
  return {
    only: onlyUser ? 'user' : onlyCa ? 'ca' : undefined,
    distributionPoints,
    raw: Buffer.from(value).toString('hex')
  }
}

/**
 * The names of a DistributionPointName's fullName, as hex of their DER; undefined for a name relative to the issuer.
 */
export function readPointNames (from: DerSequence): readonly string[] | undefined {
  const names = from.optionalOpen(0xa0)
  if (names === undefined) return undefined
  from.finish()
  const found: string[] = []
  while (!names.done) found.push(Buffer.from(names.whole(names.next())).toString('hex'))
  return found
}

function readFlag (from: DerSequence, tag: number): boolean {
  return from.peek() === tag && readBoolean(from, tag)
}
