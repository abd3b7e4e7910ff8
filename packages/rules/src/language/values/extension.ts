import type { PeerIdentity } from '@peerkit/identity'
import { createAnyOfValues } from '../../match/any-of-values.ts'
import type { Condition } from '../../match/condition.ts'
import { readParts } from '../object-value.ts'
import { listValues, refuseRule } from '../rule-path.ts'
import type { RulePath } from '../rule-path.ts'
import { readOid } from './certificate-fields.ts'
import type { CertificateField } from './field-value.ts'
import { keyOfValue, readTypedValue, showValue } from './typed-value.ts'

const EXPECTED = 'an object such as { "oid": "1.3.6.1.4.1.99999.1", "value": "blue" }'

/** An extension, with any value or one of several. @throws RuleInvalidError */
export function readExtension (value: unknown, path: RulePath): readonly Condition[] {
  const { oid, critical, value: content } = readParts(value, path, ['oid', 'critical', 'value'], EXPECTED)
  if (oid === undefined) refuseRule(path, 'invalid_value', value, EXPECTED, '"oid" is missing')
  const id = readOid(oid.value, oid.path)
  const conditions: Condition[] = []
  if (critical !== undefined) {
    if (typeof critical.value !== 'boolean') refuseRule(critical.path, 'wrong_type', critical.value, 'true or false')
    const field = fieldOf(id, 'critical', (extension) => `${extension.critical}`)
    conditions.push(createAnyOfValues([{ field, key: `${critical.value}` }]))
  }
  if (content !== undefined) {
    conditions.push(createAnyOfValues(listValues(content.value, content.path).map(({ value, path }) => {
      const { isRaw, key } = readTypedValue(value, path)
      return { field: isRaw ? fieldOf(id, 'raw', ({ hex }) => hex) : fieldOf(id, 'value', readKey), key }
    })))
  }
  if (conditions.length === 0) conditions.push(createAnyOfValues([{ field: fieldOf(id, 'oid', () => id), key: id }]))
  return conditions
}

type Extension = NonNullable<ReturnType<PeerIdentity['extension']>>

function readKey ({ value }: Extension): string | undefined {
  return value && keyOfValue(value)
}

/** A certificate has an extension once at most. What cannot be read is unknown. */
function fieldOf (oid: string, part: string, read: (extension: Extension) => string | undefined): CertificateField {
  return {
    name: `extension:${part}:${oid}`,
    segmented: false,
    read: (peer) => {
      const extension = peer.extension(oid)
      if (extension === undefined || extension === null) return extension === null ? [] : undefined
      const key = read(extension)
      return key === undefined ? undefined : [key]
    }
  }
}

/** The OIDs of the values of a checked rule. */
export function listExtensionOids (values: readonly unknown[]): readonly string[] {
  return [...new Set(values.map((value) => (value as { oid: string }).oid))]
}

/** What a certificate has of the extensions that a rule asks for; `undefined` if it is unknown. */
export function showExtensions (peer: PeerIdentity, values: readonly unknown[]): readonly string[] | undefined {
  const found = listExtensionOids(values).map((oid) => ({ oid, extension: peer.extension(oid) }))
  if (found.some(({ extension }) => extension === undefined)) return undefined
  return found.flatMap(({ oid, extension }) => {
    if (extension === undefined || extension === null) return []
    return [`${oid}${extension.critical ? ' critical' : ''} ${showValue(extension.value, extension.hex)}`]
  })
}
