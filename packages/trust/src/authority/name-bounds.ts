import { isSpiffe } from '@peerkit/identity'
import type { ClaimKind, DistinguishedName, PeerIdentity } from '@peerkit/identity'
import { CLAIM_KINDS, readAuthorityNames } from './authority-names.ts'
import type { AuthorityNames, ReadNames } from './authority-names.ts'
import { isSubjectWithin } from './subject-bound.ts'

/** A name that an authority does not vouch for, and what it does. */
export interface OutsideName {
  readonly kind: ClaimKind
  readonly name: string
  /** The bounds of that kind. */
  readonly bound: string
}

const UPN = '1.3.6.1.4.1.311.20.2.3'

/** In a sentence. */
const KIND_NAMES: Readonly<Record<ClaimKind, string>> = Object.freeze({
  subject: 'subject', spiffe: 'SPIFFE ID', dns: 'DNS name', uri: 'URI', email: 'mail address', ip: 'IP address', upn: 'user principal name', policy: 'certificate policy'
})

/** How the names of each kind are read. */
const TEXT_NAMES: ReadonlyArray<readonly [Exclude<ClaimKind, 'subject'>, (leaf: PeerIdentity) => readonly string[] | undefined]> = [
  ['spiffe', ({ subjectAltNames }) => subjectAltNames?.uri.filter(isSpiffe)],
  ['uri', ({ subjectAltNames }) => subjectAltNames?.uri.filter((uri) => !isSpiffe(uri))],
  ['dns', ({ subjectAltNames }) => subjectAltNames?.dns],
  ['email', ({ subjectAltNames }) => subjectAltNames?.email],
  ['ip', ({ subjectAltNames }) => subjectAltNames?.ip],
  ['upn', ({ subjectAltNames }) => subjectAltNames?.otherName.map(({ type, value }) => type === UPN && value !== undefined ? value : `otherName ${type}`)],
  ['policy', ({ policies }) => policies]
]

function subjectsOf ({ subject, subjectAltNames }: PeerIdentity): readonly DistinguishedName[] {
  return [...(subject === undefined || subject.rdns.length === 0 ? [] : [subject]), ...(subjectAltNames?.directoryName ?? [])]
}

/** Bounds that are told of a kind. */
const MAX_LISTED = 5
/** Of a name in a refusal. */
const MAX_SHOWN = 100
/** Of names with bounds: some milliseconds. */
const MAX_COMPARISONS = 4_096

/** The names that one authority vouches for. */
export class NameBounds {
  /** The kinds that it does not vouch for at all. */
  readonly notBelieved: readonly ClaimKind[]
  readonly #names: ReadNames

  /** @throws MTLS_ERR_PATH_OPTION */
  constructor (names: AuthorityNames, where: string) {
    this.#names = readAuthorityNames(names, where)
    this.notBelieved = Object.freeze(CLAIM_KINDS.filter((kind) => (kind === 'subject' ? this.#names.subject : this.#names.text.get(kind)) === undefined))
  }

  get vouchesForNothing (): boolean {
    return this.notBelieved.length === CLAIM_KINDS.length
  }

  /** Whether some kind has bounds, and none is believed without. */
  get isBounded (): boolean {
    const bounds = [this.#names.subject, ...this.#names.text.values()].filter((bound) => bound !== undefined)
    return bounds.length > 0 && !bounds.includes('any')
  }

  vouchesFor (kind: ClaimKind): boolean {
    return !this.notBelieved.includes(kind)
  }

  /**
   * The first name of a certificate that is outside of its kind's bound. A kind that is not believed has no bound.
   *
   * @param leaf all that the certificate says
   */
  findOutside (leaf: PeerIdentity): OutsideName | undefined {
    const subject = this.#findSubject(leaf)
    if (subject !== undefined) return subject
    for (const [kind, names] of this.#listBounded(leaf)) {
      const outside = this.#findText(kind, names)
      if (outside !== undefined) return outside
    }
    return undefined
  }

  /**
   * What keeps a certificate from being one that the authority vouches for, in words: a name outside of the bounds, or more names than are compared.
   *
   * @param leaf all that the certificate says
   * @param authority its name, for the words
   */
  findFault (leaf: PeerIdentity, authority: string): { readonly text: string, readonly isTooMuch: boolean } | undefined {
    const comparisons = this.#countComparisons(leaf)
    if (comparisons > MAX_COMPARISONS) {
      return { isTooMuch: true, text: `has so many names that they take ${comparisons} comparisons with what authority "${authority}" vouches for; at most ${MAX_COMPARISONS}` }
    }
    const outside = this.findOutside(leaf)
    if (outside === undefined) return undefined
    const { kind, name, bound } = outside
    const shown = JSON.stringify(name.slice(0, MAX_SHOWN))
    return { isTooMuch: false, text: `has the ${KIND_NAMES[kind]} ${shown}, which is outside of what authority "${authority}" vouches for (${kind}: ${bound})` }
  }

  /** How many comparisons `findOutside` takes at most. */
  #countComparisons (leaf: PeerIdentity): number {
    let count = 0
    for (const [kind, names] of this.#listBounded(leaf)) count += names.length * (this.#names.text.get(kind)?.length ?? 0)
    return count
  }

  /** Whether a certificate has a name of some kind that has bounds. Together with `findOutside` it is then one that the authority names. */
  hasBoundedName (leaf: PeerIdentity): boolean {
    if (this.#names.subject !== undefined && this.#names.subject !== 'any' && subjectsOf(leaf).length > 0) return true
    return this.#listBounded(leaf).some(([, names]) => names.length > 0)
  }

  /** The names of each kind that has bounds. */
  #listBounded (leaf: PeerIdentity): ReadonlyArray<readonly [Exclude<ClaimKind, 'subject'>, readonly string[]]> {
    return TEXT_NAMES.filter(([kind]) => {
      const bounds = this.#names.text.get(kind)
      return bounds !== undefined && bounds !== 'any'
    }).map(([kind, read]) => [kind, read(leaf) ?? []])
  }

  /** Directory names among the alternative names are subjects by another way. A certificate without a subject claims none. */
  #findSubject (leaf: PeerIdentity): OutsideName | undefined {
    const bounds = this.#names.subject
    if (bounds === undefined || bounds === 'any') return undefined
    const outside = subjectsOf(leaf).find((name) => !bounds.some((bound) => isSubjectWithin(name, bound)))
    return outside && { kind: 'subject', name: outside.toString(), bound: this.describe('subject') }
  }

  #findText (kind: Exclude<ClaimKind, 'subject'>, found: readonly string[] | undefined): OutsideName | undefined {
    const bounds = this.#names.text.get(kind)
    if (bounds === undefined || bounds === 'any') return undefined
    const outside = found?.find((name) => !bounds.some((bound) => bound.covers(name)))
    return outside === undefined ? undefined : { kind, name: outside, bound: this.describe(kind) }
  }

  /**
   * Whether a certificate that is within the bounds may have a value that a rule asks for.
   *
   * @param value as the certificate would hold it; of `subject` `<OID>=<value>`. Or what stands for many: a trust domain
   *   alone, `*.` and a domain, `*` and a last `**` in the path of a SPIFFE ID or URI, a range of addresses.
   */
  mayClaim (kind: ClaimKind, value: string): boolean {
    if (kind === 'subject') return this.#mayHaveAttribute(value)
    const bounds = this.#names.text.get(kind)
    return bounds !== undefined && (bounds === 'any' || bounds.some((bound) => bound.meets?.(value) ?? bound.covers(value)))
  }

  #mayHaveAttribute (value: string): boolean {
    const bounds = this.#names.subject
    if (bounds === undefined || bounds === 'any') return bounds === 'any'
    const equals = value.indexOf('=')
    const oid = value.slice(0, equals)
    return bounds.some(({ attributes }) => attributes.get(oid)?.includes(value.slice(equals + 1)) ?? true)
  }

  /** The bounds of a kind, for a sentence. */
  describe (kind: ClaimKind): string {
    const bounds = kind === 'subject' ? this.#names.subject : this.#names.text.get(kind)
    if (bounds === undefined) return 'none'
    if (bounds === 'any') return 'any'
    const texts = bounds.map(({ text }) => text)
    return texts.length <= MAX_LISTED ? texts.join(', ') : `${texts.slice(0, MAX_LISTED).join(', ')} and ${texts.length - MAX_LISTED} more`
  }
}
