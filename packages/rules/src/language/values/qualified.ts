import { PSP_ROLES, QC_TYPES } from '@peerkit/identity'
import type { PeerIdentity, QualifiedStatements } from '@peerkit/identity'
import { createAnyOfValues } from '../../match/any-of-values.ts'
import type { Condition } from '../../match/condition.ts'
import { readParts } from '../object-value.ts'
import type { Parts } from '../object-value.ts'
import { listValues, refuseRule } from '../rule-path.ts'
import type { RulePath } from '../rule-path.ts'
import { readNamedOid } from './certificate-fields.ts'
import { readText } from './field-value.ts'
import type { CertificateField } from './field-value.ts'

const EXPECTED = 'an object such as { "type": "web", "psd2": { "roles": "PSP_AI" } }'
const EXPECTED_PSD2 = 'an object such as { "roles": ["PSP_AI"], "authority": "DE-BAFIN" }'
const EXPECTED_AUTHORITY = 'the NCAId of a competent authority, such as DE-BAFIN'
const NCA_ID = /^[A-Z]{2}-[A-Z]{2,8}$/

/** Statements by name (ETSI EN 319 412-5 section 4.2). */
const STATEMENTS: Readonly<Record<string, string>> = Object.freeze({
  QcCompliance: '0.4.0.1862.1.1', QcSSCD: '0.4.0.1862.1.4'
})

/** One part of the key: its field, and how a value is read. */
interface Part {
  readonly field: CertificateField
  readonly read: (value: unknown, path: RulePath) => string
}

function part (
  name: string, list: (statements: QualifiedStatements) => readonly string[], read: Part['read']
): Part {
  const field = {
    name: `qualified:${name}`,
    segmented: false,
    read: ({ qualified }: PeerIdentity) => qualified && list(qualified)
  }
  return { field, read }
}

const TYPE = part('type', ({ types }) => types, (value, path) => readNamedOid(QC_TYPES, value, path))
const STATEMENT = part('statement', ({ statements }) => statements, (value, path) => {
  return readNamedOid(STATEMENTS, value, path)
})
const ROLES = part('roles', ({ psd2 }) => psd2?.roles ?? [], (value, path) => readNamedOid(PSP_ROLES, value, path))
const AUTHORITY = part('authority', ({ psd2 }) => psd2 === undefined ? [] : [psd2.authority], readAuthority)

function readAuthority (value: unknown, path: RulePath): string {
  const text = readText(value, path, EXPECTED_AUTHORITY)
  if (!NCA_ID.test(text)) refuseRule(path, 'never_matches', text, EXPECTED_AUTHORITY)
  return text
}

/**
 * What qcStatements claims (ETSI EN 319 412-5), with the roles of a payment service provider (ETSI TS 119 495). A
 * certificate has one such statement at most, so the parts are of the same one.
 *
 * @throws RuleInvalidError
 */
export function readQualified (value: unknown, path: RulePath): readonly Condition[] {
  const parts = readParts(value, path, ['type', 'statement', 'psd2'], EXPECTED)
  const { psd2 } = parts
  const services = psd2 === undefined ? {} : readParts(psd2.value, psd2.path, ['roles', 'authority'], EXPECTED_PSD2)
  return [
    ...conditionsOf(parts, { type: TYPE, statement: STATEMENT }),
    ...conditionsOf(services, { roles: ROLES, authority: AUTHORITY })
  ]
}

function conditionsOf<Name extends string> (
  parts: Parts<Name>, definitions: Readonly<Partial<Record<Name, Part>>>
): readonly Condition[] {
  return (Object.entries(definitions) as [Name, Part][]).flatMap(([name, { field, read }]) => {
    const given = parts[name]
    if (given === undefined) return []
    const values = listValues(given.value, given.path).map(({ value, path }) => ({ field, key: read(value, path) }))
    return [createAnyOfValues(values)]
  })
}

/** The claims that a certificate needs for a value of a checked rule, as bounds of an authority see them. */
export function listQualifiedClaims (
  { type, statement, psd2 }: { type?: unknown, statement?: unknown, psd2?: { roles?: unknown, authority?: unknown } }
): readonly (readonly string[])[] {
  const claims = (name: string, names: Readonly<Record<string, string>>, values: unknown): readonly string[][] => {
    if (values === undefined) return []
    return [[values as string | readonly string[]].flat().map((value) => `${name}=${names[value] ?? value}`)]
  }
  return [
    ...claims('type', QC_TYPES, type), ...claims('statement', STATEMENTS, statement),
    ...claims('roles', PSP_ROLES, psd2?.roles), ...claims('authority', {}, psd2?.authority)
  ]
}

/** The statements of a certificate for explanations: `type web`, `role PSP_AI`, `authority DE-BAFIN`. */
export function showQualified ({ qualified }: PeerIdentity): readonly string[] | undefined {
  if (qualified === undefined) return undefined
  const { statements, types, psd2 } = qualified
  return [
    ...types.map((oid) => `type ${nameOf(QC_TYPES, oid)}`),
    ...(psd2?.roles ?? []).map((oid) => `role ${nameOf(PSP_ROLES, oid)}`),
    ...(psd2 === undefined ? [] : [`authority ${psd2.authority}`]),
    ...statements.map((oid) => `statement ${nameOf(STATEMENTS, oid)}`)
  ]
}

function nameOf (names: Readonly<Record<string, string>>, oid: string): string {
  return Object.keys(names).find((name) => names[name] === oid) ?? oid
}
