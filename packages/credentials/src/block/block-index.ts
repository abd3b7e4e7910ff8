import { isSpiffe, nameKey, rdnKeys } from '@peerkit/identity'
import type { DistinguishedName, PeerIdentity, SubjectAltNameKind } from '@peerkit/identity'
import type { EntryKind, KnownEntry } from './block-source.ts'
import { dnsKey, serialKey, spiffeKey } from './entry-values.ts'
import { serialIssuerKey } from './read-entry.ts'

const EMAIL_ADDRESS = 'emailAddress'

/** The kinds of entries for the names of each list of a certificate. */
const KINDS: Readonly<Partial<Record<SubjectAltNameKind, readonly EntryKind[]>>> = Object.freeze({
  dns: ['dns'], email: ['email'], uri: ['spiffe', 'trustDomain', 'below']
})

/** Finds the entry for a certificate with a few lookups, however long the list is. */
export class BlockIndex {
  readonly #tables = new Map<EntryKind, Map<string, KnownEntry>>()
  /**
   * All serial numbers of entries. The key of an issuer's name is computed only if the serial number is one of them.
   */
  readonly #serials = new Set<string>()
  /** The lengths of the path keys. A URI of a peer is cut at these lengths only, not at each of its slashes. */
  readonly #lengths = new Set<number>()

  constructor (entries: Iterable<KnownEntry>) {
    for (const entry of entries) this.#add(entry)
  }

  /** Returns the entry that blocks a certificate at a time. Unknown fields match nothing. */
  find (certificate: PeerIdentity, now: number): KnownEntry | undefined {
    const { publicKey256, subject, subjectAltNames: names } = certificate
    return this.#alive('publicKey', publicKey256, now) ?? this.#findSerial(certificate, now) ??
      this.#findName(subject, now) ?? first(names?.directoryName, (name) => this.#findName(name, now)) ??
      first(names?.dns, (name) => this.#alive('dns', dnsKey(name), now)) ??
      first(this.#emails(certificate), (address) => this.#alive('email', address.toLowerCase(), now)) ??
      this.#findUri(certificate.spiffeId, now) ?? first(names?.uri, (uri) => this.#findUri(uri, now)) ??
      this.#findUnreadable(certificate, now)
  }

  /**
   * A name that cannot be read, which its authority tolerates, may be one that an entry means. So it is blocked while
   * there is an entry for names of its kind.
   */
  #findUnreadable ({ tolerated, subjectAltNames }: PeerIdentity, now: number): KnownEntry | undefined {
    if (!tolerated.includes('alt-names')) return undefined
    const kinds = subjectAltNames?.unknown.flatMap((list) => KINDS[list] ?? [])
    return first(kinds, (kind) => first(this.#tables.get(kind)?.keys(), (key) => this.#alive(kind, key, now)))
  }

  #add (entry: KnownEntry): void {
    const { kind, key } = entry
    let table = this.#tables.get(kind)
    if (table === undefined) this.#tables.set(kind, table = new Map())
    const other = table.get(key)
    if (other === undefined || outlasts(entry, other)) table.set(key, entry)
    if (kind === 'serial') this.#serials.add(key.slice(0, key.indexOf(' ')))
    if (kind === 'below') this.#lengths.add(key.length)
  }

  #alive (kind: EntryKind, key: string | undefined, now: number): KnownEntry | undefined {
    const entry = key === undefined ? undefined : this.#tables.get(kind)?.get(key)
    return entry !== undefined && now < entry.until ? entry : undefined
  }

  #findSerial ({ issuer, serialNumber }: PeerIdentity, now: number): KnownEntry | undefined {
    if (issuer === undefined || serialNumber === undefined) return undefined
    const serial = serialKey(serialNumber)
    if (!this.#serials.has(serial)) return undefined
    return this.#alive('serial', serialIssuerKey(serial, nameKey(rdnKeys(issuer))), now)
  }

  #findName (name: DistinguishedName | undefined, now: number): KnownEntry | undefined {
    if (name === undefined || !this.#tables.has('name')) return undefined
    return this.#alive('name', nameKey(rdnKeys(name)), now)
  }

  #emails ({ subject, subjectAltNames }: PeerIdentity): readonly string[] {
    if (!this.#tables.has('email')) return []
    return [...subjectAltNames?.email ?? [], ...subject?.values(EMAIL_ADDRESS) ?? []]
  }

  /** Compares any URI that starts with `spiffe:`, valid or not. An invalid URI must not bypass a block. */
  #findUri (uri: string | undefined, now: number): KnownEntry | undefined {
    if (uri === undefined || !isSpiffe(uri)) return undefined
    const { id, trustDomain } = spiffeKey(uri)
    return this.#alive('spiffe', id, now) ?? this.#alive('trustDomain', trustDomain, now) ??
      this.#findAbove(id, now)
  }

  #findAbove (id: string, now: number): KnownEntry | undefined {
    return first(this.#lengths, (end) => id[end] === '/' ? this.#alive('below', id.slice(0, end), now) : undefined)
  }
}

/** Of two entries for the same certificates, the one that ends later is used. Their order does not matter. */
function outlasts (one: KnownEntry, other: KnownEntry): boolean {
  return one.until === other.until ? one.id < other.id : one.until > other.until
}

function first<Value> (
  values: Iterable<Value> | undefined, find: (value: Value) => KnownEntry | undefined
): KnownEntry | undefined {
  for (const value of values ?? []) {
    const found = find(value)
    if (found !== undefined) return found
  }
  return undefined
}
