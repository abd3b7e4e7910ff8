import type { PeerIdentity } from '@peerkit/identity'

/**
 * One way to look a certificate up. A rule's value is a key of a field, and so is what the certificate has, in the same normal form: where the
 * two texts are equal the value matches. Tables of segment patterns compare segment by segment instead.
 */
export interface CertificateField {
  /** Equal names, equal fields. */
  readonly name: string
  readonly segmented: boolean
  /** The certificate's keys; `undefined` where the identity does not say. All fields of one rule key are unknown together. */
  readonly read: (peer: PeerIdentity) => readonly string[] | undefined
}

/** One value of a rule: a key of a field. */
export interface FieldValue {
  readonly field: CertificateField
  readonly key: string
  /** Of a segmented field: the pattern. */
  readonly segments?: readonly string[]
}
