import { refuseRule } from '../refuse-rule.ts'
import type { RulePath } from '../rule-path.ts'

/** A string that is not empty and has no unpaired surrogates, which no certificate can have. */
export function readText (value: unknown, path: RulePath, expected: string): string {
  if (typeof value !== 'string') refuseRule(path, 'wrong_type', value, expected)
  if (value === '') refuseRule(path, 'empty', value, expected)
  if (!value.isWellFormed()) refuseRule(path, 'invalid_value', value, expected, 'it has an unpaired surrogate')
  return value
}

/** Printable ASCII without spaces, for dNSName, URI and rfc822Name (IA5String, RFC 5280 section 4.2.1.6). */
export function readPrintable (
  value: unknown, path: RulePath, expected: string, hint: (text: string) => string = () => ''
): string {
  const text = readText(value, path, expected)
  if (!/^[\x21-\x7e]+$/.test(text)) refuseRule(path, 'never_matches', text, expected, hint(text))
  return text
}
