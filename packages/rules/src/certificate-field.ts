import type { PeerIdentity } from '@peerkit/identity'

/**
 * A field of certificates that rules can match. Values of rules and of certificates are strings ("keys") in the same
 * normal form, and match if they are equal. Segmented fields compare patterns segment by segment instead.
 */
export interface CertificateField {
  /** Fields with the same name are the same field. */
  readonly name: string
  readonly segmented: boolean
  /** The certificate's keys; `undefined` if unknown. The fields of one rule key are either all known or all unknown. */
  readonly read: (peer: PeerIdentity) => readonly string[] | undefined
}

/** One value of a rule: a field and a key. */
export interface FieldValue {
  readonly field: CertificateField
  readonly key: string
  /** The pattern, for a segmented field. */
  readonly segments?: readonly string[]
}
