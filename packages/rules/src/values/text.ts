import { refuseRule } from '../refuse-rule.ts'
import type { RulePath } from '../rule-path.ts'

/** A text that is not empty and whose surrogates are paired: no certificate has another. */
export function readText (value: unknown, path: RulePath, expected: string): string {
  if (typeof value !== 'string') refuseRule(path, 'wrong_type', value, expected)
  if (value === '') refuseRule(path, 'empty', value, expected)
  if (!value.isWellFormed()) refuseRule(path, 'invalid_value', value, expected, 'it holds half a character')
  return value
}

/** The same, of printable ASCII without spaces, which is all that dNSName, URI and rfc822Name may hold (IA5String; RFC 5280 4.2.1.6). */
export function readPrintable (value: unknown, path: RulePath, expected: string, hint: (text: string) => string = () => ''): string {
  const text = readText(value, path, expected)
  if (!/^[\x21-\x7e]+$/.test(text)) refuseRule(path, 'never_matches', text, expected, hint(text))
  return text
}
