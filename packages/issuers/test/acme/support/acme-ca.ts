import 'reflect-metadata'
import { randomBytes, webcrypto } from 'node:crypto'
import * as x509 from '@peculiar/x509'

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
const HOUR = 3_600_000

/** What a certificate of the CA says, besides the names and the key of its request. */
export interface LeafOptions {
  /** Milliseconds since the epoch. Default: now. */
  readonly notBefore?: number
  /** Milliseconds. Default: 24 hours. */
  readonly lifetime?: number
  /** Lower-case hex. Default: random. */
  readonly serialNumber?: string
}

/** A CA whose certificates say which key issued them, as renewal information needs it. */
export class AcmeCa {
  readonly #keys: webcrypto.CryptoKeyPair
  readonly #root: x509.X509Certificate

  private constructor (keys: webcrypto.CryptoKeyPair, root: x509.X509Certificate) {
    this.#keys = keys
    this.#root = root
  }

  static async create (): Promise<AcmeCa> {
    const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']) as webcrypto.CryptoKeyPair
    const root = await x509.X509CertificateGenerator.createSelfSigned({
      serialNumber: '01',
      name: 'CN=ACME root',
      notBefore: new Date(Date.now() - 1000 * HOUR),
      notAfter: new Date(Date.now() + 10_000 * HOUR),
      keys: keys as never,
      signingAlgorithm: ALGORITHM,
      extensions: [
        new x509.BasicConstraintsExtension(true, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey as never, false, webcrypto as never)
      ]
    }, webcrypto as never)
    return new AcmeCa(keys, root)
  }

  get root (): string { return `${this.#root.toString('pem')}\n` }

  /** @param csr DER */
  async sign (
    csr: Uint8Array, { notBefore = Date.now(), lifetime = 24 * HOUR, serialNumber }: LeafOptions = {}
  ): Promise<string> {
    const request = new x509.Pkcs10CertificateRequest(new Uint8Array(csr) as never)
    const names = request.getExtension('2.5.29.17')
    const start = Math.floor(notBefore / 1000) * 1000
    const leaf = await x509.X509CertificateGenerator.create({
      serialNumber: serialNumber ?? `01${randomBytes(15).toString('hex')}`,
      subject: request.subject,
      issuer: this.#root.subject,
      notBefore: new Date(start),
      notAfter: new Date(start + lifetime),
      publicKey: request.publicKey,
      signingKey: this.#keys.privateKey as never,
      signingAlgorithm: ALGORITHM,
      extensions: [
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        await x509.AuthorityKeyIdentifierExtension.create(this.#keys.publicKey as never, false, webcrypto as never),
        ...(names === null ? [] : [names])
      ]
    }, webcrypto as never)
    return `${leaf.toString('pem')}\n`
  }
}
