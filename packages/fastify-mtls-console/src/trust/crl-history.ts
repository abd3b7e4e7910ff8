import type { PeerIdentity } from '@peerkit/identity'
import { clip, iso } from '@peerkit/identity/internal'
import type { CrlIndex } from '@peerkit/revocation'
import { findCrls } from './crls.ts'
import type { CrlHolders } from './crls.ts'
import type { Difference } from './difference.ts'
import { MAX_LINES } from './difference.ts'
import { nameCertificate } from './show-certificate.ts'

/** What is remembered of a CRL. The list itself may be large, and is not kept. */
interface KnownCrl {
  readonly issuer: string
  readonly number: string | undefined
  readonly entries: number
  readonly nextUpdate: number
}

/** A client whose certificate may be in a CRL. */
interface Client { readonly identity: PeerIdentity }

/** The largest number of CRLs that are compared. */
const MAX_CRLS = 100

/** Compares the CRLs in force with those before. */
export class CrlHistory {
  readonly #holders: CrlHolders
  readonly #clients: () => readonly Client[]
  #known: ReadonlyMap<string, KnownCrl>
  #revoked: ReadonlyMap<string, string>

  /** @param clients the recent clients */
  constructor (holders: CrlHolders, clients: () => readonly Client[]) {
    this.#holders = holders
    this.#clients = clients
    const lists = this.#find()
    this.#known = know(lists)
    this.#revoked = new Map()
  }

  /** The differences since the last call, a list for each line. Undefined if there are none. */
  compare (): Difference | undefined {
    const lists = this.#find()
    const [before, after] = [this.#known, know(lists)]
    const [revokedBefore, revokedAfter] = [this.#revoked, findRevoked(lists, this.#clients())]
    this.#known = after
    this.#revoked = revokedAfter
    const changed = [...after].filter(([key, crl]) => !isSame(before.get(key), crl))
    const gone = [...before].filter(([key]) => !after.has(key))
    if (changed.length === 0 && gone.length === 0) return undefined
    const revoked = [...revokedAfter].filter(([key]) => !revokedBefore.has(key)).map(([, name]) => name)
    return {
      came: changed.map(([, crl]) => describe(crl)).slice(0, MAX_LINES),
      went: [...changed.flatMap(([key]) => before.get(key) ?? []), ...gone.map(([, crl]) => crl)]
        .map(describe).slice(0, MAX_LINES),
      notes: [
        ...changed.flatMap(([key, crl]) => describeEntries(before.get(key), crl)),
        ...revoked.map((name) => `revokes the certificate of a client that was seen: ${name}`)
      ].slice(0, MAX_LINES),
      names: [...before.values(), ...after.values()].map(({ issuer }) => issuer),
      more: 0
    }
  }

  #find (): ReadonlyMap<string, CrlIndex> {
    // A checker may keep an older list beside a new one. The newest counts here.
    const held = (findCrls(this.#holders) ?? []).toSorted((a, b) => a.list.thisUpdate - b.list.thisUpdate)
    return new Map(held.slice(-MAX_CRLS).map(({ list, authority }) => {
      const { issuerKey, verifiedBy, isDelta, scope } = list
      return [JSON.stringify([authority, verifiedBy?.publicKey256, issuerKey, isDelta, scope.raw]), list]
    }))
  }
}

function know (lists: ReadonlyMap<string, CrlIndex>): ReadonlyMap<string, KnownCrl> {
  return new Map(Array.from(lists, ([key, { issuer, number, size, nextUpdate }]) => {
    return [key, { issuer: clip(String(issuer ?? 'unknown')), number: number?.toString(), entries: size, nextUpdate }]
  }))
}

/** The keys and names of recent clients whose certificates are revoked. */
function findRevoked (
  lists: ReadonlyMap<string, CrlIndex>, clients: readonly Client[]
): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  for (const { identity } of clients) {
    const { serialNumber, fingerprint256, chain } = identity
    const issuerKey = chain?.[0]?.publicKey256
    if (serialNumber === undefined || fingerprint256 === undefined || issuerKey === undefined) continue
    const isListed = [...lists.values()].some((list) => {
      return !list.isDelta && list.verifiedBy?.publicKey256 === issuerKey && list.has(serialNumber)
    })
    if (isListed) found.set(fingerprint256, nameCertificate(identity))
  }
  return found
}

function isSame (one: KnownCrl | undefined, other: KnownCrl): boolean {
  return one?.number === other.number && one?.nextUpdate === other.nextUpdate && one.entries === other.entries
}

function describe ({ issuer, number, entries, nextUpdate }: KnownCrl): string {
  const named = number === undefined ? 'CRL' : `CRL ${number}`
  return `${named} of ${issuer}: ${entries} ${entries === 1 ? 'entry' : 'entries'}, next update ${iso(nextUpdate)}`
}

function describeEntries (before: KnownCrl | undefined, { entries }: KnownCrl): readonly string[] {
  const more = entries - (before?.entries ?? 0)
  if (more === 0) return []
  const count = Math.abs(more)
  return [`${count} ${more > 0 ? 'more' : 'fewer'} ${count === 1 ? 'entry' : 'entries'}`]
}
