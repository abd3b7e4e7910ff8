import { isDeepStrictEqual } from 'node:util'
import { nameKey, rdnKeys, validityAt } from '@peerkit/identity'
import type { PeerIdentity } from '@peerkit/identity'
import { readCrlHeader } from '@peerkit/revocation/internal'
import { createTrustEvaluator } from '@peerkit/trust'
import { SYSTEM_CLOCK } from '../clock.ts'
import { checkAuthority as checkCa } from '../material/check-anchors.ts'
import { checkKeySize } from '../material/check-certificate.ts'
import { digestInSlices, listOf, OPTION_ORIGINS } from '../material/material.ts'
import type { AuthorityMaterial, CheckOptions } from '../material/material.ts'
import { identitiesOf, readCertificates, subjectKey } from '../material/parsed-certificate.ts'
import type { ParsedCertificate } from '../material/parsed-certificate.ts'
import { blame } from '../material/part.ts'
import { Slices } from '../slices.ts'
import { checkAuthority } from './check-authority.ts'
import type { CheckedAuthority } from './check-authority.ts'
import { checkNamedAuthority, originsOf, readAuthority } from './list-authorities.ts'

/** What is pushed of the authorities. */
interface Pushed {
  /** The name of our own authority, if there is one. */
  readonly own?: string | undefined
  readonly authorities: ReadonlyMap<string, AuthorityMaterial | Error>
  readonly crls: readonly Uint8Array[]
}

/** The authorities that passed the checks. */
interface Passed {
  /** Our own first, then the others by name: the order is part of the trust, and that of a push means nothing. */
  readonly authorities: readonly CheckedAuthority[]
  /** The CRLs of each that was not refused. */
  readonly crls: ReadonlyMap<string, readonly Uint8Array[]>
}

/** What is remembered of one authority. */
interface Known {
  readonly material: AuthorityMaterial
  readonly parsed: readonly ParsedCertificate[]
  /** The digests of its CRLs and our own intermediates, which its check depends on. */
  readonly rest: string
  readonly checked: CheckedAuthority
}

/** A CRL, and what is needed to place it. */
interface IssuedList {
  readonly der: Uint8Array
  readonly digest: string
  readonly issuer: string
  readonly shown: string
}

/**
 * Checks authorities that are pushed again and again, with little time in one turn of the event loop. What did not
 * change is neither read nor checked again, and stays the same object.
 */
export class PushedAuthorities {
  readonly #options: CheckOptions
  #known: ReadonlyMap<string, Known> = new Map()

  constructor (options: CheckOptions) { this.#options = options }

  /**
   * @param ownChain our certificate with its intermediates; empty without one
   * @param mustPass the authority whose error ends all. Default: none
   * @param refusals the authorities that are refused. Those that fail are added
   * @param inForce the authorities in use. One that is refused stays as it is here
   * @throws CredentialsRefusedError, CredentialsOptionError if the authority `mustPass` fails a check
   */
  async check (
    { own, authorities, crls }: Pushed, ownChain: readonly PeerIdentity[], mustPass: string | undefined,
    refusals: Map<string, Error>, inForce: readonly CheckedAuthority[], warnings: Set<string>
  ): Promise<Passed> {
    const slices = new Slices()
    const kept = new Map(inForce.map((authority) => [authority.name, authority]))
    const lists = new PlacedLists(await readLists(crls, slices, warnings))
    const passed = new Map<string, CheckedAuthority>()
    const known = new Map<string, Known>()
    const others = [...authorities.keys()].filter((other) => other !== own).sort()
    for (const name of own === undefined ? others : [own, ...others]) {
      await slices.pause()
      const material = authorities.get(name)
      let checked = kept.get(name)
      if (material !== undefined && !(material instanceof Error) && !refusals.has(name)) {
        try {
          const issuers = name === own ? ownChain : []
          const entry = await this.#checkOne(name, material, ownChain, lists, issuers, slices)
          known.set(name, entry)
          checked = entry.checked
        } catch (error) {
          const blamed = blame(error as Error, [name])
          if (name === mustPass) throw blamed
          refusals.set(name, blamed)
        }
      }
      if (checked !== undefined) passed.set(name, checked)
    }
    this.#known = known
    for (const shown of lists.unplaced()) {
      warnings.add(`ignored the CRL of ${shown}, which is not a CA of any authority`)
    }
    return { authorities: [...passed.values()], crls: lists.placed }
  }

  /** @throws CredentialsRefusedError, CredentialsOptionError */
  async #checkOne (
    name: string, material: AuthorityMaterial, ownChain: readonly PeerIdentity[], lists: PlacedLists,
    issuers: readonly PeerIdentity[], slices: Slices
  ): Promise<Known> {
    const former = this.#known.get(name)
    const isSame = former !== undefined && isDeepStrictEqual(former.material, material)
    const parsed = isSame ? former.parsed : await readInSlices(name, material, slices)
    const placed = lists.place(name, [...identitiesOf(parsed), ...issuers])
    const digests = placed.map(({ digest }) => digest)
    const ownIssuers = ownChain.filter(({ isCa }) => isCa === true)
    const rest = [...digests.toSorted(), ...ownIssuers.map(({ fingerprint256 }) => fingerprint256)].join()
    const now = (this.#options.clock ?? SYSTEM_CLOCK).now()
    if (isSame && former.rest === rest && isLasting(former.checked, now)) return former
    const origins = originsOf(OPTION_ORIGINS, name)
    const input = readAuthority({ name, material, isAlone: false }, this.#options, origins, digests)
    const checked = checkAuthority(input, ownIssuers, now, parsed)
    // The evaluators that will use it remember the certificates that one has read, so that is done here, in a slice.
    createTrustEvaluator({ authorities: () => [{ name, ca: identitiesOf(checked.anchors), partial: true }] })
    return { material, parsed, rest, checked }
  }
}

/** Whether nothing in it depends on the time that has passed since. */
function isLasting ({ warnings, anchors, intermediates }: CheckedAuthority, now: number): boolean {
  return warnings.length === 0 &&
    [...identitiesOf(anchors), ...intermediates].every((certificate) => validityAt(certificate, now) === 'valid')
}

/** @throws CredentialsRefusedError, CredentialsOptionError */
async function readInSlices (
  name: string, material: AuthorityMaterial, slices: Slices
): Promise<readonly ParsedCertificate[]> {
  checkNamedAuthority(name, material)
  const where = originsOf(OPTION_ORIGINS, name).ca
  const parsed: ParsedCertificate[] = []
  for (const pem of listOf(material.ca)) {
    for (const certificate of readCertificates(pem, where)) {
      // They are checked again with the rest. What takes time is done here: reading the key.
      checkCa(certificate, where)
      checkKeySize(certificate, where)
      parsed.push(certificate)
      await slices.pause()
    }
  }
  return parsed
}

async function readLists (
  crls: readonly Uint8Array[], slices: Slices, warnings: Set<string>
): Promise<readonly IssuedList[]> {
  const lists: IssuedList[] = []
  for (const der of crls) {
    await slices.pause()
    try {
      const { issuerName } = readCrlHeader(der)
      const issuer = nameKey(rdnKeys(issuerName))
      lists.push({ der, digest: await digestInSlices(der), issuer, shown: String(issuerName) })
    } catch (error) {
      // If it replaces one that is in use, the authority that loses it is refused.
      warnings.add(`ignored a CRL that cannot be read: ${(error as Error).message}`)
    }
  }
  return lists
}

/** CRLs by issuer, and which authorities have them: those with a CA of that name. */
class PlacedLists {
  readonly placed = new Map<string, readonly Uint8Array[]>()
  readonly #byIssuer: ReadonlyMap<string, readonly IssuedList[]>
  readonly #unplaced: Set<IssuedList>

  constructor (lists: readonly IssuedList[]) {
    this.#byIssuer = Map.groupBy(lists, ({ issuer }) => issuer)
    this.#unplaced = new Set(lists)
  }

  place (name: string, cas: readonly PeerIdentity[]): readonly IssuedList[] {
    if (this.#byIssuer.size === 0) return []
    const found = [...new Set(cas.map(subjectKey))].flatMap((issuer) => this.#byIssuer.get(issuer) ?? [])
    this.placed.set(name, found.map(({ der }) => der))
    for (const list of found) this.#unplaced.delete(list)
    return found
  }

  unplaced (): readonly string[] { return [...this.#unplaced].map(({ shown }) => shown) }
}
