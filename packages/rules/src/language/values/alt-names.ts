import type { OtherName, PeerIdentity } from '@peerkit/identity'
import { toHex } from '@peerkit/identity/der'
import { readTypedValue as readCertificateValue } from '@peerkit/identity/x509'
import { createAnyOfValues } from '../../match/any-of-values.ts'
import type { Condition } from '../../match/condition.ts'
import { readParts } from '../object-value.ts'
import { listValues, refuseRule } from '../rule-path.ts'
import type { RulePath } from '../rule-path.ts'
import { readOid } from './certificate-fields.ts'
import { foldHost } from './domain.ts'
import { listAltNames, readText } from './field-value.ts'
import type { CertificateField, FieldValue } from './field-value.ts'
import { keyOfValue, readTypedValue, showValue } from './typed-value.ts'

const REGISTERED_ID: CertificateField = {
  name: 'registeredId', segmented: false, read: (peer) => listAltNames(peer, 'registeredId')
}

/** A registeredID, exactly. @throws RuleInvalidError */
export function readRegisteredId (value: unknown, path: RulePath): FieldValue {
  return { field: REGISTERED_ID, key: readOid(value, path) }
}

/** The type of a user principal name, as Windows writes it. */
export const UPN = '1.3.6.1.4.1.311.20.2.3'
const EXPECTED_UPN = 'a user principal name, such as anna@corp.example'
const UPN_FIELD: CertificateField = {
  name: 'upn', segmented: false, read: (peer) => listUpns(peer)?.map(foldHost)
}

/** A user principal name. The part after the last "@" is case-insensitive, as in an e-mail address. */
export function readUpn (value: unknown, path: RulePath): FieldValue {
  const text = readText(value, path, EXPECTED_UPN)
  if (text.includes('*')) refuseRule(path, 'never_matches', text, EXPECTED_UPN, 'there are no wildcards in such names')
  return { field: UPN_FIELD, key: foldHost(text) }
}

/** The user principal names; `undefined` if they are unknown, or one is not a text. */
export function listUpns (peer: PeerIdentity): readonly string[] | undefined {
  const names = listOtherNames(peer)?.filter(({ type }) => type === UPN).map(({ value }) => value)
  return names?.every((name) => name !== undefined) === true ? names : undefined
}

function listOtherNames ({ subjectAltNames }: PeerIdentity): readonly OtherName[] | undefined {
  return subjectAltNames === undefined || subjectAltNames.unknown.includes('otherName')
    ? undefined
    : subjectAltNames.otherName
}

const EXPECTED_OTHER = 'an object such as { "oid": "1.2.3", "value": "a" }'
const TYPES: CertificateField = {
  name: 'otherName', segmented: false, read: (peer) => listOtherNames(peer)?.map(({ type }) => type)
}

/** An otherName of a type, with any value or one of several. @throws RuleInvalidError */
export function readOtherName (value: unknown, path: RulePath): readonly Condition[] {
  const { oid, value: content } = readParts(value, path, ['oid', 'value'], EXPECTED_OTHER)
  if (oid === undefined) refuseRule(path, 'invalid_value', value, EXPECTED_OTHER, '"oid" is missing')
  const type = readOid(oid.value, oid.path)
  if (content === undefined) return [createAnyOfValues([{ field: TYPES, key: type }])]
  return [createAnyOfValues(listValues(content.value, content.path).map(({ value, path }) => {
    const { isRaw, key } = readTypedValue(value, path)
    return { field: valueField(type, isRaw), key }
  }))]
}

function valueField (type: string, isRaw: boolean): CertificateField {
  return {
    name: `otherName:${isRaw ? 'raw:' : ''}${type}`,
    segmented: false,
    read: (peer) => {
      const names = listOtherNames(peer)?.filter((name) => name.type === type)
      const keys = names?.map(isRaw ? rawOf : keyOf)
      return keys?.every((key) => key !== undefined) === true ? keys : undefined
    }
  }
}

/** A name of a partial identity may have a text and no bytes, or neither. */
function keyOf ({ value, raw }: OtherName): string | undefined {
  if (raw.length === 0) return value === undefined ? undefined : `text:${value}`
  const typed = readCertificateValue(raw)
  return typed && keyOfValue(typed)
}

function rawOf ({ raw }: OtherName): string | undefined {
  return raw.length === 0 ? undefined : toHex(raw)
}

/** The other names for explanations: `1.2.3 text a`. */
export function showOtherNames (peer: PeerIdentity): readonly string[] | undefined {
  return listOtherNames(peer)?.map(({ type, value, raw }) => {
    return `${type} ${raw.length === 0 ? value ?? '' : showValue(readCertificateValue(raw), toHex(raw))}`
  })
}
