import { decodeSignedHex, TAG } from '@peerkit/identity/der'
import { messageOf } from '@peerkit/identity/internal'
import {
  readAlgorithm,
  readExtensionList,
  readSignatureScheme,
  type Extension,
  type SignatureScheme
} from '@peerkit/identity/x509'
import { OcspInvalidError } from '../errors.ts'
import { isReason } from '../policy/revocation-status.ts'
import { DerSequence, findUnknownCritical, readBitOctets, readNatural, readOid, readTime } from '../x509/der.ts'
import type { CertId } from './ocsp-request.ts'

/** A BasicOCSPResponse (RFC 6960 section 4.2.1). Byte arrays are views into the response. */
export interface OcspResponse {
  readonly tbs: Uint8Array
  readonly algorithm: SignatureScheme
  readonly signature: Uint8Array
  /** Certificates in the response, in DER. */
  readonly certificates: readonly Uint8Array[]
  readonly responder: { readonly name: Uint8Array } | { readonly keyHash: string }
  readonly producedAt: number
  readonly answers: readonly OcspAnswer[]
  readonly nonce: Uint8Array | undefined
}

/** A SingleResponse; times in milliseconds since the epoch. */
export interface OcspAnswer {
  readonly certId: CertId
  readonly state: 'good' | 'revoked' | 'unknown'
  readonly revokedAt: number | undefined
  readonly reason: number
  readonly thisUpdate: number
  readonly nextUpdate: number | undefined
}

const BASIC = '1.3.6.1.5.5.7.48.1.1'
const NONCE = '1.3.6.1.5.5.7.48.1.2'
const statuses = [
  'successful', 'malformedRequest', 'internalError', 'tryLater',
  undefined,
  'sigRequired',
  'unauthorized'
]
const MAX_ANSWERS = 64
const MAX_CERTIFICATES = 8
const nothingKnown: ReadonlySet<string> = new Set()
const nonceKnown: ReadonlySet<string> = new Set([NONCE])

/** Parses an OCSPResponse, without verifying it. Throws OcspInvalidError. */
export function readOcspResponse (der: Uint8Array): OcspResponse {
  try {
    return readOuter(der)
  } catch (error) {
    if (error instanceof OcspInvalidError) throw error
    throw new OcspInvalidError('malformed', messageOf(error), { cause: error })
  }
}

function readOuter (der: Uint8Array): OcspResponse {
  const outer = DerSequence.of(der, TAG.sequence)
  const status = Number(readNatural(outer, TAG.enumerated))
  if (status !== 0) {
    const name = statuses[status] ?? `status ${status}`
    throw new OcspInvalidError('responder_status', `the responder says ${name}`, { responderStatus: name })
  }
  const wrapper = outer.open(0xa0)
  outer.finish()
  const body = wrapper.open(TAG.sequence)
  wrapper.finish()
  const type = readOid(body)
  if (type !== BASIC) throw new OcspInvalidError('type', `it is of type ${type}; expected a basic response`)
  const basic = body.content(body.expect(TAG.octetString))
  body.finish()
  return readBasic(DerSequence.of(basic, TAG.sequence))
}

function readBasic (basic: DerSequence): OcspResponse {
  const tbs = basic.expect(TAG.sequence)
  const algorithm = readSignatureScheme(readAlgorithm(basic.bytes, basic.expect(TAG.sequence)))
  if (algorithm === undefined) throw new OcspInvalidError('algorithm', 'its signature algorithm is not accepted')
  const signature = readBitOctets(basic)
  const wrapper = basic.optionalOpen(0xa0)
  const certificates = wrapper === undefined ? [] : readCertificates(wrapper.open(TAG.sequence))
  wrapper?.finish()
  basic.finish()
  return { tbs: basic.whole(tbs), algorithm, signature, certificates, ...readData(basic.within(tbs)) }
}

function readCertificates (list: DerSequence): Uint8Array[] {
  const certificates: Uint8Array[] = []
  while (!list.done) {
    if (certificates.length >= MAX_CERTIFICATES) {
      throw malformed(`it has more than ${MAX_CERTIFICATES} certificates`)
    }
    certificates.push(list.whole(list.expect(TAG.sequence)))
  }
  return certificates
}

function readData (data: DerSequence): Pick<OcspResponse, 'responder' | 'producedAt' | 'answers' | 'nonce'> {
  const version = data.optionalOpen(0xa0)
  if (version !== undefined && readNatural(version) !== 0n) throw malformed('its version is not 1')
  const responder = readResponder(data)
  const producedAt = readTime(data, TAG.generalizedTime)
  const list = data.open(TAG.sequence)
  const answers: OcspAnswer[] = []
  while (!list.done) {
    if (answers.length >= MAX_ANSWERS) throw malformed(`it has more than ${MAX_ANSWERS} answers`)
    answers.push(readAnswer(list.open(TAG.sequence)))
  }
  const extensions = readOptionalExtensions(data, 0xa1, nonceKnown)
  data.finish()
  return { responder, producedAt, answers, nonce: readNonce(extensions?.get(NONCE)) }
}

function readResponder (data: DerSequence): OcspResponse['responder'] {
  if (data.peek() === 0xa1) {
    const choice = data.open(0xa1)
    const name = choice.whole(choice.expect(TAG.sequence))
    choice.finish()
    return { name }
  }
  const choice = data.open(0xa2)
  const keyHash = Buffer.from(choice.content(choice.expect(TAG.octetString))).toString('hex')
  choice.finish()
  return { keyHash }
}

function readAnswer (single: DerSequence): OcspAnswer {
  const certId = readCertId(single.open(TAG.sequence))
  const tag = single.peek()
  let revokedAt: number | undefined
  let reason = 0
  if (tag === 0xa1) {
    const revoked = single.open(0xa1)
    revokedAt = readTime(revoked, TAG.generalizedTime)
    const wrapped = revoked.optionalOpen(0xa0)
    if (wrapped !== undefined) reason = Number(readNatural(wrapped, TAG.enumerated))
    if (!isReason(reason)) throw malformed(`reason ${reason} is not defined in RFC 5280 section 5.3.1`)
    wrapped?.finish()
    revoked.finish()
  } else {
    const empty = single.expect(tag === 0x80 ? 0x80 : 0x82)
    if (empty.end !== empty.contentStart) throw malformed('it has a status with content')
  }
  const thisUpdate = readTime(single, TAG.generalizedTime)
  const wrapped = single.optionalOpen(0xa0)
  const nextUpdate = wrapped === undefined ? undefined : readTime(wrapped, TAG.generalizedTime)
  wrapped?.finish()
  readOptionalExtensions(single, 0xa1, nothingKnown)
  single.finish()
  return {
    certId,
    state: tag === 0xa1 ? 'revoked' : tag === 0x80 ? 'good' : 'unknown',
    revokedAt,
    reason,
    thisUpdate,
    nextUpdate
  }
}

function readCertId (id: DerSequence): CertId {
  const hashOid = readOid(id.open(TAG.sequence))
  const nameHash = Buffer.from(id.content(id.expect(TAG.octetString))).toString('hex')
  const keyHash = Buffer.from(id.content(id.expect(TAG.octetString))).toString('hex')
  const serial = id.expect(TAG.integer)
  id.finish()
  return { hashOid, nameHash, keyHash, serialNumber: decodeSignedHex(id.bytes, serial.contentStart, serial.end) }
}

function readOptionalExtensions (
  from: DerSequence,
  tag: number,
  known: ReadonlySet<string>
): ReadonlyMap<string, Extension> | undefined {
  const wrapper = from.optionalOpen(tag)
  if (wrapper === undefined) return undefined
  const list = wrapper.open(TAG.sequence)
  wrapper.finish()
  // RFC 6960 wants at least one. OpenBao and Vault write empty lists, which say nothing.
  if (list.done) return undefined
  const extensions = readExtensionList(list)
  const unknown = findUnknownCritical(extensions, known)
  if (unknown !== undefined) {
    throw new OcspInvalidError('critical_extension', `it has the critical extension ${unknown}, which is not supported`)
  }
  return extensions
}

/** The nonce is an OCTET STRING inside the one of the extension (RFC 9654 section 2.1). */
function readNonce (extension: Extension | undefined): Uint8Array | undefined {
  if (extension === undefined) return undefined
  const value = new DerSequence(extension.value)
  const nonce = value.content(value.expect(TAG.octetString))
  value.finish()
  return nonce
}

function malformed (detail: string): OcspInvalidError {
  return new OcspInvalidError('malformed', detail)
}
