import type { ClaimKind } from '@peerkit/identity'
import { MTLS_ERR_PATH_OPTION } from '../errors.ts'
import { checkKeys, describeType } from '../option-check.ts'
import { readSubjectBound } from './subject-bound.ts'
import type { SubjectAttributes, SubjectBound } from './subject-bound.ts'
import { readDnsBound, readEmailBound, readIpBound, readPolicyBound, readSpiffeBound, readUpnBound } from './text-bounds.ts'
import type { TextBound } from './text-bounds.ts'
import { readUriBound } from './uri-bound.ts'

/** One text or several, or every name of the kind. */
export type NameBound = 'any' | string | readonly string[]

/**
 * The names that an authority vouches for, by kind. A name outside of its kind's bound makes a certificate refused. A kind that is left out is not believed: to
 * rules it is unknown. `'any'`: everything is believed.
 *
 * @example
 * const names: AuthorityNames = { spiffe: 'spiffe://partner.example', dns: ['partner.example', 'partner.example.net'], subject: { o: 'Partner' } }
 */
export type AuthorityNames = 'any' | {
  /** Trust domains (`spiffe://partner.example`), or paths that stand for themselves and all below. Every `spiffe:` URI is of this kind. */
  readonly spiffe?: NameBound
  /** Domains, each for itself and all names below. */
  readonly dns?: NameBound
  /** Origins (`https://partner.example`), paths that stand for themselves and all below, prefixes that end in `:`, or other whole URIs. */
  readonly uri?: NameBound
  /** Hosts (`partner.example`), all below one (`.partner.example`), or mailboxes (RFC 5280 section 4.2.1.10). */
  readonly email?: NameBound
  /** Addresses and ranges (`10.0.0.0/8`, `2001:db8::/32`). */
  readonly ip?: NameBound
  /** Domains of user principal names (otherName 1.3.6.1.4.1.311.20.2.3). Another name of type otherName is outside of them. */
  readonly upn?: NameBound
  /** OIDs of certificate policies. */
  readonly policy?: NameBound
  /** Attributes of the subject and the values that they may have, all of which must be there; of several such sets any. */
  readonly subject?: 'any' | SubjectAttributes | readonly SubjectAttributes[]
}

const TEXT_KINDS: ReadonlyMap<Exclude<ClaimKind, 'subject'>, (text: string, where: string) => TextBound> = new Map([
  ['spiffe', readSpiffeBound], ['dns', readDnsBound], ['uri', readUriBound], ['email', readEmailBound], ['ip', readIpBound], ['upn', readUpnBound], ['policy', readPolicyBound]
])

/** Every kind of claim, in the order in which they are told. */
export const CLAIM_KINDS: readonly ClaimKind[] = Object.freeze(['subject', ...TEXT_KINDS.keys()])

/** The bounds of one kind that were read: any of them is enough. */
export type ReadBound = 'any' | readonly TextBound[]

export interface ReadNames {
  readonly text: ReadonlyMap<Exclude<ClaimKind, 'subject'>, ReadBound>
  readonly subject: 'any' | readonly SubjectBound[] | undefined
}

/** @throws MTLS_ERR_PATH_OPTION naming the option, what was found and what was expected */
export function readAuthorityNames (names: AuthorityNames, where: string): ReadNames {
  if (names === 'any') return { text: new Map([...TEXT_KINDS.keys()].map((kind) => [kind, 'any'])), subject: 'any' }
  if (typeof names !== 'object' || names === null || Array.isArray(names)) {
    throw new MTLS_ERR_PATH_OPTION(`${where} is ${describe(names)}; expected "any", or an object such as { dns: "partner.example" }`)
  }
  checkKeys(names, CLAIM_KINDS, where)
  const text = new Map<Exclude<ClaimKind, 'subject'>, ReadBound>()
  for (const [kind, read] of TEXT_KINDS) {
    // Own properties alone: a polluted Object.prototype is no bound.
    const bound = Object.hasOwn(names, kind) ? names[kind] : undefined
    if (bound !== undefined) text.set(kind, readBound(bound, `${where}.${kind}`, read))
  }
  const subject = Object.hasOwn(names, 'subject') ? names.subject : undefined
  return { text, subject: subject === undefined ? undefined : readSubject(subject, `${where}.subject`) }
}

function readBound (bound: NameBound, where: string, read: (text: string, where: string) => TextBound): ReadBound {
  if (bound === 'any') return 'any'
  const list: readonly unknown[] = Array.isArray(bound) ? bound : [bound]
  if (list.length === 0) throw new MTLS_ERR_PATH_OPTION(`${where} is an empty list; leave the kind out where nothing of it is believed`)
  return list.map((text, index) => {
    const place = Array.isArray(bound) ? `${where}[${index}]` : where
    if (typeof text !== 'string') throw new MTLS_ERR_PATH_OPTION(`${place} is ${describe(text)}; expected text, or "any"`)
    return read(text, place)
  })
}

function readSubject (bound: NonNullable<Exclude<AuthorityNames, 'any'>['subject']>, where: string): 'any' | readonly SubjectBound[] {
  if (bound === 'any') return 'any'
  if (!Array.isArray(bound)) return [readSubjectBound(bound as SubjectAttributes, where)]
  if (bound.length === 0) throw new MTLS_ERR_PATH_OPTION(`${where} is an empty list; leave it out where no subject is believed`)
  return bound.map((attributes, index) => readSubjectBound(attributes, `${where}[${index}]`))
}

function describe (value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value.slice(0, 100)) : describeType(value)
}
