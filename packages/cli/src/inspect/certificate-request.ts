import { constants, createPublicKey, verify } from 'node:crypto'
import { decodeBitString, decodeObjectIdentifier, DerReader, TAG } from '@peerkit/identity/der'
import {
  EXTENSION, readAlgorithm, readExtendedKeyUsage, readExtensionList, readGeneralNames, readName, readSignatureScheme
} from '@peerkit/identity/x509'
import type { Extension, GeneralName, SignatureScheme } from '@peerkit/identity/x509'
import { shownRows } from '../output.ts'
import { describeKeyOf, nameUsage } from './certificate.ts'
import type { Described } from './objects.ts'

/** The attribute of a request with the extensions that it asks for (RFC 2985 section 5.4.2). */
const EXTENSION_REQUEST = '1.2.840.113549.1.9.14'

/** What a certificate request asks for (PKCS#10, RFC 2986). @throws DerInvalidError */
export function describeRequest (der: Uint8Array): Described {
  const outer = new DerReader(der).enter(TAG.sequence)
  const info = outer.expect(TAG.sequence)
  const algorithm = readAlgorithm(der, outer.expect(TAG.sequence))
  const bits = outer.expect(TAG.bitString)
  outer.finish()
  const fields = outer.inside(info)
  fields.expect(TAG.integer)
  const name = fields.expect(TAG.sequence)
  const spki = fields.expect(TAG.sequence)
  const key = der.subarray(spki.start, spki.end)
  const extensions = fields.done ? undefined : readRequested(fields.enter(0xa0))
  const names = extensions?.get(EXTENSION.subjectAltName)
  const usage = extensions?.get(EXTENSION.extendedKeyUsage)
  const subject = String(readName(der, name.start, name.end))
  const { start, end } = decodeBitString(der, bits.contentStart, bits.end)
  const scheme = readSignatureScheme(algorithm)
  const data = {
    subject,
    subjectAltNames: (names === undefined ? [] : readGeneralNames(names.value)).map(describeName),
    extendedKeyUsage: usage === undefined ? [] : readExtendedKeyUsage(usage.value),
    key: describeKeyOf(key),
    signatureAlgorithm: scheme?.name ?? algorithm.oid,
    // Whether the key of the request has signed it.
    signature: isSigned(der.subarray(info.start, info.end), der.subarray(start, end), key, scheme)
      ? 'valid'
      : 'not_valid'
  }
  return { list: 'requests', title: 'Certificate request', data, text: describeAsText(data) }
}

function readRequested (attributes: DerReader): ReadonlyMap<string, Extension> | undefined {
  while (!attributes.done) {
    const attribute = attributes.enter(TAG.sequence)
    const { contentStart, end } = attribute.expect(TAG.objectIdentifier)
    if (decodeObjectIdentifier(attributes.bytes, contentStart, end) === EXTENSION_REQUEST) {
      return readExtensionList(attribute.enter(TAG.set).enter(TAG.sequence))
    }
  }
  return undefined
}

function describeName ({ kind, value }: GeneralName): { kind: string, value: string } {
  if (kind === 'otherName') return { kind, value: `${value.type} ${value.value ?? ''}`.trimEnd() }
  return { kind, value: String(value ?? '') }
}

function isSigned (
  data: Uint8Array, signature: Uint8Array, spki: Uint8Array, scheme: SignatureScheme | undefined
): boolean {
  if (scheme === undefined) return false
  try {
    const key = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' })
    const { saltLength } = scheme
    const padding = saltLength === undefined ? {} : { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength }
    return verify(scheme.hash, data, { key, ...padding }, signature)
  } catch {
    return false
  }
}

function describeAsText (data: {
  readonly subject: string
  readonly subjectAltNames: ReadonlyArray<{ readonly kind: string, readonly value: string }>
  readonly extendedKeyUsage: readonly string[]
  readonly key: string | undefined
  readonly signatureAlgorithm: string
  readonly signature: string
}): string {
  return shownRows([
    ['subject', data.subject === '' ? 'empty' : data.subject],
    [
      'names',
      data.subjectAltNames.length === 0 ? 'none' : data.subjectAltNames.map(({ kind, value }) => `${kind} ${value}`)
    ],
    ['extendedKeyUsage', data.extendedKeyUsage.map(nameUsage)],
    ['key', data.key ?? 'of an unknown kind'],
    ['algorithm', data.signatureAlgorithm],
    [
      'signature',
      data.signature === 'valid' ? 'valid: the key has signed the request' : 'not valid, or of an unknown kind'
    ]
  ])
}
