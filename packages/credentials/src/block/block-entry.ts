/**
 * Who is kept out. It has exactly one of: `issuer` with `serialNumber`, `publicKey`, `spiffe`, `name`, `dns`, `email`.
 *
 * @example
 * const entry: BlockEntry = { issuer: 'CN=Internal CA,O=Example', serialNumber: '0a:1b:2c', reason: 'laptop stolen' }
 */
export interface BlockEntry {
  /** The issuer's name, RFC 4514, most specific part first. Names are compared by RFC 5280 section 7.1. */
  readonly issuer?: string | undefined
  /** Up to 128 hex digits. Case, colons and leading zeros do not matter. */
  readonly serialNumber?: string | undefined
  /** SHA-256 of the SubjectPublicKeyInfo: 64 hex digits, with or without colons, or base64. */
  readonly publicKey?: string | undefined
  /** One SPIFFE ID; a trust domain alone, for all of it; or a path that ends in `/**`, for all below that path. */
  readonly spiffe?: string | undefined
  /** The whole subject, or a whole directory name among the alternative names; RFC 4514. */
  readonly name?: string | undefined
  /** One DNS name among the alternative names. Case does not matter. There are no wildcards. */
  readonly dns?: string | undefined
  /** One e-mail address among the alternative names or in the subject. Case does not matter. */
  readonly email?: string | undefined
  /** What the operator says about it, at most 1,000 characters. */
  readonly reason?: string | undefined
  /**
   * From this time on the entry no longer counts: ISO 8601 with a time zone, or a date alone for 00:00 UTC.
   * Default: never.
   */
  readonly until?: string | undefined
}

/** What an entry looks for. */
export type EntryKind = 'serial' | 'publicKey' | 'spiffe' | 'trustDomain' | 'below' | 'name' | 'dns' | 'email'

/** An entry that was checked. */
export interface KnownEntry {
  /** As it was given, with every value in its only spelling. Frozen. */
  readonly entry: BlockEntry
  readonly kind: EntryKind
  /** What is looked up: two entries with the same kind and key block the same certificates. */
  readonly key: string
  /** Milliseconds since the epoch; Infinity where it has no end. */
  readonly until: number
  /** In words, for logs. */
  readonly text: string
  /** All of it: two entries with the same are one. */
  readonly id: string
}
