import { parseSpiffeId } from '@peerkit/identity'
import type { ClaimKind, DistinguishedName, PeerIdentity } from '@peerkit/identity'
import { isSubjectWithin, readAuthorityNames } from './authority-names.ts'
import type { AuthorityNames, ReadBound, ReadNames } from './authority-names.ts'
import { CLAIM_KINDS, TEXT_KINDS } from './name-kinds.ts'
import type { TextKind } from './name-kinds.ts'
import type { TextBound } from './text-bounds.ts'

/** A name that is outside the bounds of an authority. */
export interface OutsideName {
  readonly kind: ClaimKind
  /** Undefined for a name that cannot be read. It may be outside. */
  readonly name: string | undefined
  /** The authority's bounds for that kind, as text. */
  readonly bound: string
  /** For a claim in an extension that is malformed: why it cannot be read. */
  readonly flaw?: string
}

/** Whether the certificate has a name that cannot be read and may be of a kind, a tolerated flaw. */
function hasUnreadable ({ tolerated, subjectAltNames }: PeerIdentity, kind: TextKind): boolean {
  const list = TEXT_KINDS.get(kind)?.list
  return tolerated.includes('alt-names') && list !== undefined && subjectAltNames?.unknown.includes(list) === true
}

function subjectsOf ({ subject, subjectAltNames }: PeerIdentity): readonly DistinguishedName[] {
  const own = subject === undefined || subject.rdns.length === 0 ? [] : [subject]
  return [...own, ...(subjectAltNames?.directoryName ?? [])]
}

/** Bounds of a kind that a message lists. */
const MAX_LISTED = 5
/** Characters of a name in a refusal. */
const MAX_SHOWN = 100
/** Comparisons of names with bounds: some milliseconds. */
const MAX_COMPARISONS = 4_096

/**
 * The names that one authority vouches for.
 *
 * @throws PathOptionError from the constructor, if a bound is invalid
 * @example
 * ```ts
 * const bounds = new NameBounds({ dns: 'partner.example' }, 'authorities.partner.names')
 * const { der } = await ca.issue({ dns: 'ledger.prod.example' })
 * console.log(bounds.findOutside(parsePeerIdentity(der))) // { kind: 'dns', name: 'ledger.prod.example', … }
 * ```
 */
export class NameBounds {
  /** The kinds of names that the authority does not vouch for at all. */
  readonly notBelieved: readonly ClaimKind[]
  readonly #names: ReadNames
  /** The trust domains of the bounds for SPIFFE IDs. */
  readonly #trustDomains: ReadonlySet<string>

  /**
   * @param names the option `names` of an authority
   * @param where the name of that option in errors
   * @throws PathOptionError
   */
  constructor (names: AuthorityNames, where: string) {
    this.#names = readAuthorityNames(names, where)
    this.#trustDomains = new Set(this.#spiffe.map(({ text }) => parseSpiffeId(text).trustDomain))
    this.notBelieved = Object.freeze(CLAIM_KINDS.filter((kind) => this.#boundsOf(kind) === undefined))
  }

  /** The OIDs of the extensions that it vouches for; undefined: all, or none if `notBelieved` has `extension`. */
  get believedExtensions (): readonly string[] | undefined {
    const bounds = this.#names.text.get('extension')
    return bounds === undefined || bounds === 'any' ? undefined : bounds.map(({ text }) => text)
  }

  /** The values of subject attributes that look like patterns. `*` matches only itself there. */
  get starredSubjects (): readonly string[] {
    const bounds = this.#names.subject
    if (bounds === undefined || bounds === 'any') return []
    return bounds.flatMap(({ attributes }) => [...attributes.values()].flat()).filter((value) => value.includes('*'))
  }

  /** Whether the authority vouches for no kind of names. */
  get vouchesForNothing (): boolean {
    return this.notBelieved.length === CLAIM_KINDS.length
  }

  /** Whether at least one kind has bounds, and no kind is `'any'`. */
  get isBounded (): boolean {
    const bounds = [this.#names.subject, ...this.#names.text.values()].filter((bound) => bound !== undefined)
    return bounds.length > 0 && !bounds.includes('any')
  }

  /** Whether SPIFFE IDs have bounds. */
  get isSpiffeBounded (): boolean { return this.#spiffe.length > 0 }

  get #spiffe (): readonly TextBound[] {
    const bounds = this.#names.text.get('spiffe')
    return bounds === undefined || bounds === 'any' ? [] : bounds
  }

  /** Whether a SPIFFE ID can be within these bounds and within others. Both must have bounds for SPIFFE IDs. */
  overlapsSpiffe (other: NameBounds): boolean {
    // Hundreds of trust domains may share a root, and each is compared with each.
    if (![...this.#trustDomains].some((name) => other.#trustDomains.has(name))) return false
    const others = other.#spiffe
    return this.#spiffe.some((one) => others.some((two) => one.covers(two.text) || two.covers(one.text)))
  }

  #boundsOf (kind: ClaimKind): ReadNames['subject'] | ReadBound {
    return kind === 'subject' ? this.#names.subject : this.#names.text.get(kind)
  }

  /** Whether the authority vouches for names of a kind. */
  vouchesFor (kind: ClaimKind): boolean {
    return !this.notBelieved.includes(kind)
  }

  /**
   * Finds the first name of a certificate that is outside the bound of its kind. A kind that is not believed has no
   * bound.
   *
   * @param leaf the certificate with all its names, believed or not
   */
  findOutside (leaf: PeerIdentity): OutsideName | undefined {
    const subject = this.#findSubject(leaf)
    if (subject !== undefined) return subject
    for (const [kind, names] of this.#listBounded(leaf)) {
      const flaw = TEXT_KINDS.get(kind)!.flawOf?.(leaf)
      if (flaw !== undefined) return { kind, name: undefined, bound: this.describe(kind), flaw }
      if (hasUnreadable(leaf, kind)) return { kind, name: undefined, bound: this.describe(kind) }
      const outside = this.#findText(kind, names)
      if (outside !== undefined) return outside
    }
    return undefined
  }

  /**
   * Describes why the authority does not vouch for a certificate: a name outside the bounds, or too many names to
   * compare.
   *
   * @param leaf the certificate with all its names, believed or not
   * @param authority the name of the authority, for the text
   * @returns a sentence fragment that follows the certificate's name; undefined if the authority vouches for it
   */
  findFault (
    leaf: PeerIdentity, authority: string
  ): { readonly text: string, readonly isTooMuch: boolean } | undefined {
    const comparisons = this.#countComparisons(leaf)
    if (comparisons > MAX_COMPARISONS) {
      const work = `${comparisons} comparisons with what authority "${authority}" vouches for`
      return { isTooMuch: true, text: `has too many names: they need ${work}; expected at most ${MAX_COMPARISONS}` }
    }
    const outside = this.findOutside(leaf)
    if (outside === undefined) return undefined
    const { kind, name, bound, flaw } = outside
    const label = kind === 'subject' ? kind : TEXT_KINDS.get(kind)!.label
    if (name === undefined) {
      const rest = `which may be outside of what authority "${authority}" vouches for (${kind}: ${bound})`
      const why = flaw === undefined ? '' : `; ${flaw}`
      return { isTooMuch: false, text: `has a ${label} that cannot be read, ${rest}${why}` }
    }
    const shown = JSON.stringify(name.slice(0, MAX_SHOWN))
    const rest = `which is outside of what authority "${authority}" vouches for (${kind}: ${bound})`
    return { isTooMuch: false, text: `has the ${label} ${shown}, ${rest}` }
  }

  /** The most comparisons that `findOutside` can need. */
  #countComparisons (leaf: PeerIdentity): number {
    let count = 0
    for (const [kind, names] of this.#listBounded(leaf)) {
      count += names.length * (this.#names.text.get(kind)?.length ?? 0)
    }
    return count
  }

  /** Whether a certificate has a name of a kind with bounds. If `findOutside` also finds none, that name is within. */
  hasBoundedName (leaf: PeerIdentity): boolean {
    if (this.#names.subject !== undefined && this.#names.subject !== 'any' && subjectsOf(leaf).length > 0) return true
    return this.#listBounded(leaf).some(([, names]) => names.length > 0)
  }

  /** The names of each kind that has bounds. */
  #listBounded (leaf: PeerIdentity): ReadonlyArray<readonly [TextKind, readonly string[]]> {
    return [...TEXT_KINDS].filter(([kind]) => {
      const bounds = this.#names.text.get(kind)
      return bounds !== undefined && bounds !== 'any'
    }).map(([kind, { namesOf }]) => [kind, namesOf(leaf) ?? []])
  }

  /** Directory names in subjectAltName count as subjects too. A certificate without a subject claims none. */
  #findSubject (leaf: PeerIdentity): OutsideName | undefined {
    const bounds = this.#names.subject
    if (bounds === undefined || bounds === 'any') return undefined
    const outside = subjectsOf(leaf).find((name) => !bounds.some((bound) => isSubjectWithin(name, bound)))
    return outside && { kind: 'subject', name: outside.toString(), bound: this.describe('subject') }
  }

  #findText (kind: TextKind, found: readonly string[] | undefined): OutsideName | undefined {
    const bounds = this.#names.text.get(kind)
    if (bounds === undefined || bounds === 'any') return undefined
    const outside = found?.find((name) => !bounds.some((bound) => bound.covers(name)))
    return outside === undefined ? undefined : { kind, name: outside, bound: this.describe(kind) }
  }

  /**
   * Whether a certificate within the bounds can have a value that a rule requires.
   *
   * @param value as in a certificate; for `subject` as `<OID>=<value>`, for `qualified` and `admission` as
   *   `<part>=<value>`, for `extension` its OID. It may also stand for many names: a SPIFFE ID
   *   without a path, `*.` and a domain, `*` and a final `**` in the path of a SPIFFE ID or URI, a range of addresses.
   */
  mayClaim (kind: ClaimKind, value: string): boolean {
    if (kind === 'subject') return this.#mayHaveAttribute(value)
    const bounds = this.#names.text.get(kind)
    if (bounds === undefined || bounds === 'any') return bounds === 'any'
    return bounds.some((bound) => bound.meets?.(value) ?? bound.covers(value))
  }

  #mayHaveAttribute (value: string): boolean {
    const bounds = this.#names.subject
    if (bounds === undefined || bounds === 'any') return bounds === 'any'
    const equals = value.indexOf('=')
    const oid = value.slice(0, equals)
    return bounds.some(({ attributes }) => attributes.get(oid)?.includes(value.slice(equals + 1)) ?? true)
  }

  /** The bounds of a kind as text: `none`, `any`, or a list. */
  describe (kind: ClaimKind): string {
    const bounds = this.#boundsOf(kind)
    if (bounds === undefined) return 'none'
    if (bounds === 'any') return 'any'
    const texts = bounds.map(({ text }) => text)
    const more = texts.length - MAX_LISTED
    return more <= 0 ? texts.join(', ') : `${texts.slice(0, MAX_LISTED).join(', ')} and ${more} more`
  }
}
