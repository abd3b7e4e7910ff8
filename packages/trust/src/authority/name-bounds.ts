import { isSpiffe } from '@peerkit/identity'
import type { ClaimKind, PeerIdentity } from '@peerkit/identity'
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
export const KIND_NAMES: Readonly<Record<ClaimKind, string>> = Object.freeze({
  subject: 'subject', spiffe: 'SPIFFE ID', dns: 'DNS name', uri: 'URI', email: 'mail address', ip: 'IP address', upn: 'user principal name', policy: 'certificate policy'
})

/** Bounds that are told of a kind. */
const MAX_TOLD = 5

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

  vouchesFor (kind: ClaimKind): boolean {
    return !this.notBelieved.includes(kind)
  }

  /**
   * The first name of a certificate that is outside of its kind's bound. A kind that is not believed has no bound.
   *
   * @param leaf all that the certificate says
   */
  findOutside (leaf: PeerIdentity): OutsideName | undefined {
    const names = leaf.subjectAltNames
    return this.#findSubject(leaf) ??
      this.#findText('spiffe', names?.uri.filter(isSpiffe)) ??
      this.#findText('uri', names?.uri.filter((uri) => !isSpiffe(uri))) ??
      this.#findText('dns', names?.dns) ??
      this.#findText('email', names?.email) ??
      this.#findText('ip', names?.ip) ??
      this.#findText('upn', names?.otherName.map(({ type, value }) => type === UPN && value !== undefined ? value : `otherName ${type}`)) ??
      this.#findText('policy', leaf.policies)
  }

  /** Directory names among the alternative names are subjects by another way. A certificate without a subject claims none. */
  #findSubject ({ subject, subjectAltNames }: PeerIdentity): OutsideName | undefined {
    const bounds = this.#names.subject
    if (bounds === undefined || bounds === 'any') return undefined
    const all = [...(subject === undefined || subject.rdns.length === 0 ? [] : [subject]), ...(subjectAltNames?.directoryName ?? [])]
    const outside = all.find((name) => !bounds.some((bound) => isSubjectWithin(name, bound)))
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
   * @param value as the certificate would hold it; of `subject` `<OID>=<value>`; of `spiffe` a trust domain alone too, which stands for all of its IDs
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
    return texts.length <= MAX_TOLD ? texts.join(', ') : `${texts.slice(0, MAX_TOLD).join(', ')} and ${texts.length - MAX_TOLD} more`
  }
}
