import { isObjectIdentifier } from '@peerkit/identity'
import type { AdmittedProfession, PeerIdentity } from '@peerkit/identity'
import { createAnyOfValues } from '../../match/any-of-values.ts'
import { truthOf } from '../../match/condition.ts'
import type { Condition } from '../../match/condition.ts'
import { SameEntry } from '../../match/same-entry.ts'
import { readParts } from '../object-value.ts'
import { listValues } from '../rule-path.ts'
import type { RulePath } from '../rule-path.ts'
import { readText } from './field-value.ts'

const EXPECTED = 'an object such as { "profession": "1.2.276.0.76.4.50", "registrationNumber": "1-2-3" }'

/** The keys of each part of one group of professions. A text that looks like an OID is not one. */
const PARTS = {
  profession: ({ professions, professionOids }: AdmittedProfession): readonly string[] => {
    return [...professions.map((text) => `text:${text}`), ...professionOids.map((oid) => `oid:${oid}`)]
  },
  registrationNumber: ({ registrationNumber }: AdmittedProfession): readonly string[] => {
    return registrationNumber === undefined ? [] : [`text:${registrationNumber}`]
  }
}
const NAMES = Object.keys(PARTS) as readonly (keyof typeof PARTS)[]
const list = ({ admission }: PeerIdentity): readonly AdmittedProfession[] | undefined => admission

/**
 * An admission with a profession, a registration number, or both for the same profession. A profession in dotted
 * decimals is an OID.
 *
 * @throws RuleInvalidError
 */
export function readAdmission (value: unknown, path: RulePath): readonly Condition[] {
  const parts = readParts(value, path, NAMES, EXPECTED)
  const read = NAMES.flatMap((name) => {
    const given = parts[name]
    if (given === undefined) return []
    const keys = listValues(given.value, given.path).map(({ value, path }) => {
      const text = readText(value, path, name === 'profession' ? 'a text or an OID' : 'a registration number')
      return `${name === 'profession' && isObjectIdentifier(text) ? 'oid' : 'text'}:${text}`
    })
    return [{ name, keys }]
  })
  const conditions = read.map(({ name, keys }) => {
    const field = {
      name: `admission:${name}`, segmented: false, read: (peer: PeerIdentity) => list(peer)?.flatMap(PARTS[name])
    }
    return createAnyOfValues(keys.map((key) => ({ field, key })))
  })
  if (read.length === 1) return conditions
  return [...conditions, new SameEntry(list, read.map(({ name, keys }) => {
    const wanted = new Set(keys)
    return (entry: AdmittedProfession) => truthOf(PARTS[name](entry).some((key) => wanted.has(key)))
  }))]
}

/** The professions of a certificate for explanations. */
export function showAdmission (peer: PeerIdentity): readonly string[] | undefined {
  return list(peer)?.map(({ professions, professionOids, registrationNumber }) => {
    const number = registrationNumber === undefined ? '' : `, registration number ${registrationNumber}`
    return `profession ${[...professions, ...professionOids].join(', ')}${number}`
  })
}
