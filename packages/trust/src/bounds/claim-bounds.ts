import { PSP_ROLES, QC_TYPES, isObjectIdentifier } from '@peerkit/identity'
import type { AdmittedProfession, QualifiedStatements } from '@peerkit/identity'
import { refuseUnknownKeys, wrongValue } from '@peerkit/identity/internal'
import { PathOptionError } from '../errors.ts'
import type { TextBound } from './text-bounds.ts'

/** One value or several. */
type Some = string | readonly string[]

/** The statements that an authority may make in qcStatements. A part that is left out may have any value. */
export interface QualifiedBound {
  /** `esign`, `eseal`, `web`, or an OID. */
  readonly type?: Some
  /** Roles of payment service providers: `PSP_AI` and the others of ETSI TS 119 495, or an OID. */
  readonly roles?: Some
  /** Identifiers of competent authorities (NCAId), such as `DE-BAFIN`. */
  readonly authority?: Some
}

/** The professions that an authority may admit. A part that is left out may have any value. */
export interface AdmissionBound {
  /** Texts or OIDs. */
  readonly profession?: Some
  readonly registrationNumber?: Some
}

type ReadValue = (text: string) => string | undefined

const readType: ReadValue = (text) => readNamed(QC_TYPES, text)
const readRole: ReadValue = (text) => readNamed(PSP_ROLES, text)
const readAny: ReadValue = (text) => text === '' ? undefined : text

/** The OID of a name, or an OID. */
function readNamed (names: Readonly<Record<string, string>>, text: string): string | undefined {
  if (Object.hasOwn(names, text)) return names[text]
  return isObjectIdentifier(text) ? text : undefined
}

interface Part { readonly expected: string, readonly read: ReadValue }

const QUALIFIED: Readonly<Record<keyof QualifiedBound, Part>> = {
  type: { expected: `${Object.keys(QC_TYPES).join(', ')} or an OID`, read: readType },
  roles: { expected: `${Object.keys(PSP_ROLES).join(', ')} or an OID`, read: readRole },
  authority: { expected: 'an NCAId such as DE-BAFIN', read: readAny }
}
const ADMISSION: Readonly<Record<keyof AdmissionBound, Part>> = {
  profession: { expected: 'a text or an OID', read: readAny },
  registrationNumber: { expected: 'a registration number', read: readAny }
}

/** @throws PathOptionError */
export function readQualifiedBound (bound: unknown, where: string): readonly TextBound[] {
  return [readParts(bound, where, QUALIFIED, '"any", or an object such as { type: "web", authority: "DE-BAFIN" }')]
}

/** @throws PathOptionError */
export function readAdmissionBound (bound: unknown, where: string): readonly TextBound[] {
  return [readParts(bound, where, ADMISSION, '"any", or an object such as { profession: "1.2.276.0.76.4.50" }')]
}

/**
 * A bound on claims of the form `part=value`. It covers every value of a part that it does not mention.
 *
 * @throws PathOptionError
 */
function readParts (
  bound: unknown, where: string, parts: Readonly<Record<string, Part>>, expected: string
): TextBound {
  if (typeof bound !== 'object' || bound === null || Array.isArray(bound)) {
    throw wrongValue(PathOptionError, where, bound, expected)
  }
  refuseUnknownKeys(bound, Object.keys(parts), where, PathOptionError, where)
  const allowed = new Map(Object.entries(bound).filter(([, value]) => value !== undefined).map(([name, given]) => {
    return [name, readValues(given, `${where}.${name}`, parts[name] as Part)]
  }))
  if (allowed.size === 0) throw wrongValue(PathOptionError, where, bound, expected)
  return {
    text: Object.entries(bound).map(([name, value]) => `${name}=${[value as Some].flat().join('|')}`).join(','),
    covers (claim) {
      const equals = claim.indexOf('=')
      return allowed.get(claim.slice(0, equals))?.has(claim.slice(equals + 1)) ?? true
    }
  }
}

function readValues (given: unknown, where: string, { expected, read }: Part): ReadonlySet<string> {
  const list: readonly unknown[] = Array.isArray(given) ? given : [given]
  if (list.length === 0) throw wrongValue(PathOptionError, where, given, expected)
  return new Set(list.map((one) => {
    const value = typeof one === 'string' ? read(one) : undefined
    if (value === undefined) throw wrongValue(PathOptionError, where, one, expected)
    return value
  }))
}

/** The claims of qcStatements as texts that bounds are compared with. */
export function listQualified ({ types, psd2 }: QualifiedStatements): readonly string[] {
  const services = psd2 === undefined
    ? []
    : [...psd2.roles.map((role) => `roles=${role}`), `authority=${psd2.authority}`]
  return [...types.map((type) => `type=${type}`), ...services]
}

/**
 * The claims of an admission as texts that bounds are compared with. The texts and OIDs of professions are claims of
 * their own, since a rule can match either: a bound has to list both.
 */
export function listAdmission (admission: readonly AdmittedProfession[]): readonly string[] {
  return admission.flatMap(({ professions, professionOids, registrationNumber }) => [
    ...[...professions, ...professionOids].map((profession) => `profession=${profession}`),
    ...(registrationNumber === undefined ? [] : [`registrationNumber=${registrationNumber}`])
  ])
}
