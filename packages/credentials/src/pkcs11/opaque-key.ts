import type { SecureContext } from 'node:tls'

/** The id under which OpenSSL finds the engine. With a path Node could load it only once. */
export const ENGINE_ID = 'pkcs11'

/**
 * A private key that nobody can read: it is in a token, and signs there. Made by `openPkcs11Key`, and by the sources of
 * this package. It was proved that it belongs to a public key.
 */
export class OpaqueKey {
  /** The PKCS#11 URI (RFC 7512), without a PIN. */
  readonly uri: string
  /** SHA-256 of the public key (SubjectPublicKeyInfo) that it was proved to have, in lower-case hex. */
  readonly publicKey256: string
  /** While there is a context, the engine stays logged in. Later contexts need no PIN. */
  readonly #context: SecureContext

  /** @internal Only `openPkcs11Key` makes keys, because it proves them. */
  constructor (uri: string, publicKey256: string, context: SecureContext) {
    this.uri = uri
    this.publicKey256 = publicKey256
    this.#context = context
    Object.freeze(this)
  }

  /** Whether both are the same key of the same token. */
  equals (other: unknown): boolean {
    return isOpaqueKey(other) && other.uri === this.uri && other.publicKey256 === this.publicKey256
  }

  /** The options of `tls.createSecureContext` that name the key. They contain no secret. */
  get contextOptions (): { readonly privateKeyEngine: string, readonly privateKeyIdentifier: string } {
    return { privateKeyEngine: ENGINE_ID, privateKeyIdentifier: this.uri }
  }
}

/** Whether a value is a key that this package has opened. */
export function isOpaqueKey (value: unknown): value is OpaqueKey {
  return value instanceof OpaqueKey
}
