import type { BlockList } from '@peerkit/trust'
import type { BlockListInvalidError } from '../errors.ts'

/** What a listener of a block list gets. */
export type BlockChange = BlockListChanged | BlockListRefused | BlockListRecovered

/** New entries are in use. */
export interface BlockListChanged {
  readonly type: 'changed'
  readonly added: readonly BlockEntry[]
  readonly removed: readonly BlockEntry[]
}

/** The new list is invalid. The former list stays in use. */
export interface BlockListRefused {
  readonly type: 'refused'
  readonly error: BlockListInvalidError
}

/**
 * The list that was refused is valid again, with new or former entries. New ones were announced as `changed` before.
 */
export interface BlockListRecovered {
  readonly type: 'recovered'
}

/** A list of blocked certificates that can change while the process runs. */
export interface BlockSource extends BlockList {
  /**
   * Counts up from 1 whenever the entries differ. It does not change when an entry ends: then no connection has to be
   * closed, and rejections are not cached.
   */
  readonly version: number
  /** The entries in use, including those that have ended. Frozen. */
  readonly entries: readonly BlockEntry[]
  /** Number of entries that have ended and are ignored. */
  readonly ended: number
  /** Calls `listener` at every change. Returns a function that unsubscribes it. */
  subscribe (listener: (change: BlockChange) => void): () => void
  /** Stops watching, and removes all listeners. The last list stays in use. */
  close (): Promise<void>
}

/** A list that the program changes itself. */
export interface BlockMemory extends BlockSource {
  /**
   * Replaces all entries.
   *
   * @throws BlockListInvalidError if an entry is invalid; the former list stays in use
   * @throws CredentialsClosedError after `close()`
   */
  update (entries: readonly BlockEntry[]): void
}

/** A list in a file. */
export interface BlockFile extends BlockSource {
  /**
   * Reads the file now. For `watch: false`, or a signal handler.
   *
   * @throws BlockListInvalidError if the file is invalid; the former list stays in use
   * @throws CredentialsClosedError after `close()`
   */
  reload (): Promise<void>
}

/**
 * The certificates to block. Exactly one of `issuer` with `serialNumber`, `publicKey`, `spiffe`, `name`, `dns` and
 * `email` is required.
 */
export interface BlockEntry {
  /** The name of the issuer (RFC 4514), most specific part first. Compared as RFC 5280 section 7.1 says. */
  readonly issuer?: string | undefined
  /** Up to 128 hex digits. Case, colons and leading zeros do not matter. */
  readonly serialNumber?: string | undefined
  /** SHA-256 of the SubjectPublicKeyInfo: 64 hex digits, with or without colons, or base64. */
  readonly publicKey?: string | undefined
  /** One SPIFFE ID, a whole trust domain, or a path that ends in `/**` for all IDs below it. */
  readonly spiffe?: string | undefined
  /** The complete subject, or a complete directory name in the subject alternative names (RFC 4514). */
  readonly name?: string | undefined
  /** One DNS name in the subject alternative names. Case does not matter. Wildcards are not supported. */
  readonly dns?: string | undefined
  /** One e-mail address in the subject alternative names or in the subject. Case does not matter. */
  readonly email?: string | undefined
  /** A note of the operator, shown in logs. At most 1,000 characters. */
  readonly reason?: string | undefined
  /**
   * From this time on the entry is ignored: ISO 8601 with a time zone, or a date for 00:00 UTC.
   * Default: never.
   */
  readonly until?: string | undefined
}

/** What an entry is compared with. */
export type EntryKind = 'serial' | 'publicKey' | 'spiffe' | 'trustDomain' | 'below' | 'name' | 'dns' | 'email'

/** An entry that was checked. */
export interface KnownEntry {
  /** The given entry with normalized values. Frozen. */
  readonly entry: BlockEntry
  readonly kind: EntryKind
  /** The lookup key: two entries with the same kind and key block the same certificates. */
  readonly key: string
  /** Milliseconds since the epoch; Infinity if it has no end. */
  readonly until: number
  /** Text for logs. */
  readonly text: string
  /** Identifies the entry: two entries with the same id are one. */
  readonly id: string
}
