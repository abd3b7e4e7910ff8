import type { RulePath } from '../rule-path.ts'
import type { CertificateField, FieldValue } from '../certificate-field.ts'
import { readText } from './text.ts'

const FIELD: CertificateField = {
  name: 'authority',
  segmented: false,
  // Undefined is unknown: neither this authority nor another.
  read: ({ authority }) => authority === undefined ? undefined : [authority]
}

/** The name of an authority, exactly. @throws RuleInvalidError */
export function readAuthority (value: unknown, path: RulePath): FieldValue {
  return { field: FIELD, key: readText(value, path, 'the name of an authority') }
}
