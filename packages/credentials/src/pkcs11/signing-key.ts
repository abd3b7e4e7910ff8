/** How a request is signed, as WebCrypto names it. */
export interface SigningAlgorithm {
  readonly name: 'ECDSA' | 'RSASSA-PKCS1-v1_5'
  readonly hash: 'SHA-256' | 'SHA-384' | 'SHA-512'
}

/** A private key that signs, and that nobody can read: it is in a token. For certificate requests. */
export interface SigningKey {
  /** SubjectPublicKeyInfo in PEM. */
  readonly publicKey: string
  /** Signs as WebCrypto does: for ECDSA, `r` and `s` side by side. */
  sign (algorithm: SigningAlgorithm, data: Uint8Array): Promise<Uint8Array>
}
