import { DerSequence, writeElement } from '../../src/x509/der.ts'
import { signData, signings, type Signing } from './craft.ts'

/** What of a certificate is written anew; it is signed anew then. */
export interface Remint {
  /** PKCS#8 PEM of the signer. */
  readonly key: string
  readonly signing?: Signing
  /** The whole INTEGER. */
  readonly serialNumber?: Uint8Array
  readonly issuer?: Uint8Array
  readonly subject?: Uint8Array
  readonly publicKey?: Uint8Array
}

/** A certificate of version 3 with other names, another key or another signature. */
export function remint (
  der: Uint8Array, { key, signing = signings.ecdsaSha256, issuer, subject, publicKey, ...given }: Remint
): Uint8Array {
  const tbs = DerSequence.of(der, 0x30).open(0x30)
  const fields: Uint8Array[] = []
  while (!tbs.done) fields.push(tbs.whole(tbs.next()))
  const [
    version, serialNumber, , oldIssuer, validity, oldSubject, oldPublicKey, ...rest
  ] = fields as [Uint8Array, Uint8Array, Uint8Array, Uint8Array, Uint8Array, Uint8Array, Uint8Array]
  const written = writeElement(
    0x30, version, given.serialNumber ?? serialNumber, signing.algorithm, issuer ?? oldIssuer, validity,
    subject ?? oldSubject, publicKey ?? oldPublicKey, ...rest
  )
  return writeElement(
    0x30, written, signing.algorithm, writeElement(0x03, Uint8Array.of(0), signData(written, key, signing))
  )
}
