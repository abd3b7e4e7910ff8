import type { DerElement } from '../der/element.ts'
import { decodeObjectIdentifier } from '../der/object-identifier.ts'
import { DerReader, checkWellFormed } from '../der/reader.ts'
import { TAG } from '../der/tags.ts'

/** An AlgorithmIdentifier (RFC 5280 4.1.1.2). */
export interface AlgorithmIdentifier {
  readonly oid: string
  /** The encoded parameters, a view; `undefined` if absent. */
  readonly parameters: Uint8Array | undefined
  /** The whole element, a view. */
  readonly raw: Uint8Array
}

/**
 * Reads the AlgorithmIdentifier at `element`. @throws MTLS_ERR_DER_INVALID
 *
 * @example
 * ```ts
 * const { raw } = readCertificate(client.der).signatureAlgorithm
 * console.log(readAlgorithm(raw, readElement(raw, 0)).oid) // 1.2.840.10045.4.3.2: ECDSA with SHA-256
 * ```
 */
export function readAlgorithm (bytes: Uint8Array, element: DerElement): AlgorithmIdentifier {
  const reader = new DerReader(bytes, element.contentStart, element.end)
  const oid = reader.expect(TAG.objectIdentifier)
  const parameters = reader.done ? undefined : reader.next()
  reader.finish()
  if (parameters !== undefined) checkWellFormed(bytes, parameters.start, parameters.end)
  return {
    oid: decodeObjectIdentifier(bytes, oid.contentStart, oid.end),
    parameters: parameters === undefined ? undefined : bytes.subarray(parameters.start, parameters.end),
    raw: bytes.subarray(element.start, element.end),
  }
}
