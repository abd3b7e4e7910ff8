import type { PeerIdentity } from '@peerkit/identity'
import { refuseRule } from '../rule-path.ts'
import type { RulePath } from '../rule-path.ts'

/**
 * A field of certificates that rules can match. Values of rules and of certificates are strings ("keys") in the same
 * normal form, and match if they are equal. Segmented fields compare patterns segment by segment instead.
 */
export interface CertificateField {
  /** Fields with the same name are the same field. */
  readonly name: string
  readonly segmented: boolean
  /** The certificate's keys; `undefined` if unknown. */
  readonly read: (peer: PeerIdentity) => readonly string[] | undefined
}

/** One value of a rule: a field and a key. */
export interface FieldValue {
  readonly field: CertificateField
  readonly key: string
  /** The pattern, for a segmented field. */
  readonly segments?: readonly string[]
  /** Whether it stands for many values, as a range does. Such a value is never taken from a request. */
  readonly coversMany?: boolean
}

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

type TextKind = 'dns' | 'uri' | 'email' | 'ip' | 'registeredId'

/** The subject alternative names of one kind. An empty list means none, `undefined` means unknown. */
export function listAltNames (peer: PeerIdentity, kind: TextKind): readonly string[] | undefined {
  const names = peer.subjectAltNames
  return names === undefined || names.unknown.includes(kind) ? undefined : names[kind]
}
