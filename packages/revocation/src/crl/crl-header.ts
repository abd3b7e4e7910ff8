import { TAG } from '@peerkit/identity/der'
import {
  EXTENSION, MAX_CERTIFICATE_OCTETS, readAlgorithm, readExtensionList, readName, readSignatureScheme, type Extension,
  type SignatureScheme
} from '@peerkit/identity/x509'
import type { DistinguishedName } from '@peerkit/identity'
import { CrlInvalidError } from '../errors.ts'
import { DerSequence, findUnknownCritical, readBitOctets, readNatural, readTime } from '../x509/der.ts'
import { readCrlScope, WHOLE_SCOPE, type CrlScope } from './crl-scope.ts'

/** All of a CRL except its entries. Byte arrays are views into the CRL. */
export interface CrlHeader {
  readonly tbs: Uint8Array
  readonly algorithm: SignatureScheme
  readonly signature: Uint8Array
  readonly issuer: Uint8Array
  /** The parsed issuer name. */
  readonly issuerName: DistinguishedName
  readonly thisUpdate: number
  readonly nextUpdate: number
  readonly entriesStart: number
  readonly entriesEnd: number
  readonly number: bigint | undefined
  readonly baseNumber: bigint | undefined
  readonly scope: CrlScope
  /** Key identifier of the signing CA according to the CRL, in hex; undefined if there is none that can be parsed. */
  readonly authorityKeyId: string | undefined
}

const known: ReadonlySet<string> = new Set([
  EXTENSION.crlNumber,
  EXTENSION.deltaCrlIndicator,
  EXTENSION.issuingDistributionPoint
])
const none: ReadonlyMap<string, Extension> = new Map()

/** Parses a CertificateList (RFC 5280 section 5.1), up to the entries and after them. */
export function readCrlHeader (der: Uint8Array): CrlHeader {
  const outer = DerSequence.of(der, TAG.sequence)
  const tbsElement = outer.expect(TAG.sequence)
  const outerAlgorithm = outer.expect(TAG.sequence)
  const signature = readBitOctets(outer)
  outer.finish()
  const tbs = outer.within(tbsElement)
  const hasVersion = tbs.peek() === TAG.integer
  if (hasVersion && readNatural(tbs) !== 1n) throw new CrlInvalidError('malformed', 'its version is neither 1 nor 2')
  const innerAlgorithm = tbs.expect(TAG.sequence)
  // Only the inner algorithm is signed (RFC 5280 section 5.1.1.2).
  if (Buffer.compare(tbs.whole(innerAlgorithm), outer.whole(outerAlgorithm)) !== 0) {
    throw new CrlInvalidError('malformed', 'the two signature algorithms differ')
  }
  const algorithm = readSignatureScheme(readAlgorithm(der, innerAlgorithm))
  if (algorithm === undefined) throw new CrlInvalidError('algorithm', 'its signature algorithm is not accepted')
  const issuer = tbs.whole(tbs.expect(TAG.sequence))
  const thisUpdate = readTime(tbs)
  if (tbs.peek() !== TAG.utcTime && tbs.peek() !== TAG.generalizedTime) {
    throw new CrlInvalidError('no_next_update', 'it has no nextUpdate, so it would never expire')
  }
  const nextUpdate = readTime(tbs)
  if (nextUpdate <= thisUpdate) throw new CrlInvalidError('malformed', 'nextUpdate is not after thisUpdate')
  const entries = tbs.optional(TAG.sequence)
  const extensions = readCrlExtensions(tbs, hasVersion)
  tbs.finish()
  return {
    tbs: outer.whole(tbsElement),
    algorithm,
    signature,
    issuer,
    issuerName: readIssuerName(issuer),
    thisUpdate,
    nextUpdate,
    entriesStart: entries?.contentStart ?? 0,
    entriesEnd: entries?.end ?? 0,
    ...readMeaning(extensions)
  }
}

/** The server of a list may write any name. A name longer than a whole certificate cannot be the name of a CA. */
function readIssuerName (issuer: Uint8Array): DistinguishedName {
  const { length } = issuer
  if (length > MAX_CERTIFICATE_OCTETS) throw new CrlInvalidError('malformed', `its issuer's name has ${length} bytes`)
  return readName(issuer)
}

function readCrlExtensions (tbs: DerSequence, hasVersion: boolean): ReadonlyMap<string, Extension> {
  const wrapper = tbs.optionalOpen(0xa0)
  if (wrapper === undefined) return none
  if (!hasVersion) throw new CrlInvalidError('malformed', 'it has extensions, though its version is 1')
  const extensions = readExtensionList(wrapper.open(TAG.sequence))
  wrapper.finish()
  const unknown = findUnknownCritical(extensions, known)
  if (unknown !== undefined) {
    throw new CrlInvalidError('critical_extension', `it has the critical extension ${unknown}, which is not supported`)
  }
  return extensions
}

function readMeaning (
  extensions: ReadonlyMap<string, Extension>
): Pick<CrlHeader, 'number' | 'baseNumber' | 'scope' | 'authorityKeyId'> {
  const number = readNumber(extensions.get(EXTENSION.crlNumber))
  const baseNumber = readNumber(extensions.get(EXTENSION.deltaCrlIndicator))
  if (baseNumber !== undefined && (number === undefined || number < baseNumber)) {
    throw new CrlInvalidError('malformed', "it is a delta CRL without a number, or with one below its base's")
  }
  const point = extensions.get(EXTENSION.issuingDistributionPoint)
  const authorityKeyId = readAuthorityKeyId(extensions.get(EXTENSION.authorityKeyIdentifier))
  return { number, baseNumber, scope: point === undefined ? WHOLE_SCOPE : readCrlScope(point.value), authorityKeyId }
}

/** This only explains why a signature is wrong, so a value that cannot be parsed is not an error. */
function readAuthorityKeyId (extension: Extension | undefined): string | undefined {
  if (extension === undefined) return undefined
  try {
    const identifier = DerSequence.of(extension.value, TAG.sequence)
    const key = identifier.optional(0x80)
    return key === undefined ? undefined : Buffer.from(identifier.content(key)).toString('hex')
  } catch {
    return undefined
  }
}

function readNumber (extension: Extension | undefined): bigint | undefined {
  if (extension === undefined) return undefined
  const value = new DerSequence(extension.value, 0, extension.value.length)
  const number = readNatural(value)
  value.finish()
  return number
}
