import { decodeObjectIdentifier } from '../der/object-identifier.ts'
import { TAG } from '../der/primitives.ts'
import { checkWellFormed, enterOnly } from '../der/reader.ts'
import type { DerReader } from '../der/reader.ts'
import { malformed } from '../errors.ts'
import { readValueText } from './value-text.ts'

/** The OID of the extension qcStatements (RFC 3739 section 3.2.6). */
export const QC_STATEMENTS = '1.3.6.1.5.5.7.1.3'

/** What the extension qcStatements claims (ETSI EN 319 412-5, ETSI TS 119 495). */
export interface QualifiedStatements {
  /** The OIDs of all statements, in encoded order. 0.4.0.1862.1.1 claims a qualified certificate of the EU. */
  readonly statements: readonly string[]
  /** The OIDs of QcType: 0.4.0.1862.1.6.1 is `esign`, .2 is `eseal`, .3 is `web`. Empty without this statement. */
  readonly types: readonly string[]
  /** The statement of a payment service provider; undefined without it. */
  readonly psd2: PaymentServices | undefined
}

/** The statement of a payment service provider (ETSI TS 119 495 section 5.1). */
export interface PaymentServices {
  /** The OIDs of the roles: 0.4.0.19495.1.1 is `PSP_AS`. */
  readonly roles: readonly string[]
  /** The identifier of the competent authority (NCAId), such as `DE-BAFIN`. */
  readonly authority: string
  /** The name of the competent authority (NCAName). */
  readonly authorityName: string
}

const QC_TYPE = '0.4.0.1862.1.6'
const PSD2 = '0.4.0.19495.2'

/** The types of ETSI EN 319 412-5 section 4.2.3, by name. */
export const QC_TYPES: Readonly<Record<'esign' | 'eseal' | 'web', string>> = Object.freeze({
  esign: '0.4.0.1862.1.6.1',
  eseal: '0.4.0.1862.1.6.2',
  web: '0.4.0.1862.1.6.3'
})

/** The roles of ETSI TS 119 495 V1.8.1 annex A, by name. */
export const PSP_ROLES: Readonly<Record<
  'PSP_AS' | 'PSP_PI' | 'PSP_AI' | 'PSP_IC' | 'PSP_CB' | 'PSP_PA' | 'VOP_RS' | 'VOP_VS', string
>> = Object.freeze({
  PSP_AS: '0.4.0.19495.1.1',
  PSP_PI: '0.4.0.19495.1.2',
  PSP_AI: '0.4.0.19495.1.3',
  PSP_IC: '0.4.0.19495.1.4',
  PSP_CB: '0.4.0.19495.1.5',
  PSP_PA: '0.4.0.19495.1.6',
  VOP_RS: '0.4.0.19495.1.51',
  VOP_VS: '0.4.0.19495.1.52'
})

/** More statements than any profile has. */
const MAX_STATEMENTS = 100
const NONE: readonly string[] = Object.freeze([])

/** The claims of a certificate without the extension. */
export const NO_STATEMENTS: QualifiedStatements = Object.freeze({ statements: NONE, types: NONE, psd2: undefined })

/**
 * Reads the qcStatements that fill `bytes`. A statement may occur once only: of two, different readers could believe
 * different ones.
 *
 * @throws DerInvalidError
 */
export function readQualifiedStatements (bytes: Uint8Array): QualifiedStatements {
  const reader = enterOnly(bytes, 0, bytes.length)
  const statements = new Set<string>()
  let types: readonly string[] = NONE
  let psd2: PaymentServices | undefined
  while (!reader.done) {
    const statement = reader.enter(TAG.sequence)
    const start = statement.offset
    const oid = readOid(statement)
    if (statements.has(oid)) malformed('extension_invalid', start, `statement ${oid} twice`)
    if (statements.size === MAX_STATEMENTS) malformed('too_large', start, `more than ${MAX_STATEMENTS} statements`)
    statements.add(oid)
    if (oid === QC_TYPE) types = readOids(statement.enter(TAG.sequence))
    else if (oid === PSD2) psd2 = readPaymentServices(statement.enter(TAG.sequence))
    else if (!statement.done) {
      const info = statement.next()
      checkWellFormed(bytes, info.start, info.end)
    }
    statement.finish()
  }
  return Object.freeze({ statements: Object.freeze([...statements]), types, psd2 })
}

function readPaymentServices (reader: DerReader): PaymentServices {
  const roles: string[] = []
  const list = reader.enter(TAG.sequence)
  if (list.done) malformed('extension_invalid', list.offset, 'no roles')
  while (!list.done) roles.push(readRole(list.enter(TAG.sequence)))
  const authorityName = readValueText(reader)
  const authority = readValueText(reader)
  reader.finish()
  return Object.freeze({ roles: Object.freeze([...new Set(roles)]), authority, authorityName })
}

/** The OID decides. But a name of another role contradicts it, and some readers look at the names alone. */
function readRole (role: DerReader): string {
  const { offset } = role
  const oid = readOid(role)
  const name = readValueText(role)
  role.finish()
  const named = Object.hasOwn(PSP_ROLES, name) ? PSP_ROLES[name as keyof typeof PSP_ROLES] : undefined
  if (named !== undefined && named !== oid) malformed('extension_invalid', offset, `role ${oid} with the name ${name}`)
  return oid
}

function readOids (reader: DerReader): readonly string[] {
  if (reader.done) malformed('extension_invalid', reader.offset, 'an empty list')
  const oids = new Set<string>()
  while (!reader.done) oids.add(readOid(reader))
  return Object.freeze([...oids])
}

function readOid (reader: DerReader): string {
  const { contentStart, end } = reader.expect(TAG.objectIdentifier)
  return decodeObjectIdentifier(reader.bytes, contentStart, end)
}
