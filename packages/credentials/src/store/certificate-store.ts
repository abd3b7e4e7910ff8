/** What a store is called with. */
export interface StoreQuestion {
  /** Aborted after the option `timeout` of the source, or when it is closed. */
  readonly signal: AbortSignal
}

/**
 * Keeps the certificate and key of `renewingCredentials`, for the next start and for the other instances that share
 * them. What is stored is a text of our own. It has the private key: who can read the store has the key, and who can
 * write it decides which certificate and which CAs are used.
 */
export interface CertificateStore {
  /** What it is, for the status and for errors: `redis://cache.example`. Default `store`. */
  readonly name?: string | undefined
  /** Returns what was saved last; undefined if there is nothing. */
  load (question: StoreQuestion): Promise<string | undefined>
  /** Replaces what is stored, completely or not at all. */
  save (text: string, question: StoreQuestion): Promise<void>
  /**
   * Takes the lock, if no other instance has it, and returns a function that gives it back. Undefined: another one has
   * it. It must not wait, and the lock of an instance that died must end by itself. Default: there is no lock, so
   * instances may renew at the same time, and what was saved last is stored.
   */
  lock?: ((question: StoreQuestion) => Promise<(() => Promise<void>) | undefined>) | undefined
}
