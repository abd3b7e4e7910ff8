import {
  DerReader, TAG, decodeObjectIdentifier, decodeSmallInteger, expectOnly, malformed
} from '@peerkit/identity/der'
import type { DerElement } from '@peerkit/identity/der'

/** One pair of policyMappings (RFC 5280 section 4.2.1.5). */
export interface PolicyMapping {
  readonly issuer: string
  readonly subject: string
}

/** policyConstraints (RFC 5280 section 4.2.1.11): the number of certificates after which each one takes effect. */
export interface PolicyConstraints {
  readonly requireExplicit: number | undefined
  readonly inhibitMapping: number | undefined
}

/** The maximum of SkipCerts, far above the length of a path. */
const MAX_SKIP = 0x7fffffff

/** @throws DerInvalidError */
export function readPolicyMappings (value: Uint8Array): readonly PolicyMapping[] {
  const outer = new DerReader(value)
  const reader = outer.enter(TAG.sequence)
  outer.finish()
  if (reader.done) malformed('extension_invalid', 0, 'no policy mappings')
  const mappings: PolicyMapping[] = []
  while (!reader.done) {
    const pair = reader.enter(TAG.sequence)
    mappings.push({ issuer: readOid(pair), subject: readOid(pair) })
    pair.finish()
  }
  return mappings
}

/** @throws DerInvalidError */
export function readPolicyConstraints (value: Uint8Array): PolicyConstraints {
  const outer = new DerReader(value)
  const reader = outer.enter(TAG.sequence)
  outer.finish()
  if (reader.done) malformed('extension_invalid', 0, 'empty policy constraints')
  const requireExplicit = readSkip(value, reader.optional(0x80))
  const inhibitMapping = readSkip(value, reader.optional(0x81))
  reader.finish()
  return { requireExplicit, inhibitMapping }
}

/** The policy qualifiers that RFC 5280 section 4.2.1.4 defines: id-qt-cps and id-qt-unotice. */
const QUALIFIERS: ReadonlySet<string> = new Set(['1.3.6.1.5.5.7.2.1', '1.3.6.1.5.5.7.2.2'])

/**
 * Whether certificatePolicies has a qualifier of another kind. If the extension is critical, the certificate must be
 * refused.
 *
 * @throws DerInvalidError
 */
export function hasUnknownQualifier (value: Uint8Array): boolean {
  const policies = new DerReader(value).enter(TAG.sequence)
  while (!policies.done) {
    const policy = policies.enter(TAG.sequence)
    policy.expect(TAG.objectIdentifier)
    const qualifiers = policy.optional(TAG.sequence)
    if (qualifiers === undefined) continue
    for (const list = policy.inside(qualifiers); !list.done;) {
      if (!QUALIFIERS.has(readOid(list.enter(TAG.sequence)))) return true
    }
  }
  return false
}

/** inhibitAnyPolicy (RFC 5280 section 4.2.1.14). @throws DerInvalidError */
export function readInhibitAnyPolicy (value: Uint8Array): number {
  return readSkip(value, expectOnly(value, 0, value.length, TAG.integer)) as number
}

function readOid (reader: DerReader): string {
  const { contentStart, end } = reader.expect(TAG.objectIdentifier)
  return decodeObjectIdentifier(reader.bytes, contentStart, end)
}

function readSkip (bytes: Uint8Array, element: DerElement | undefined): number | undefined {
  return element === undefined ? undefined : decodeSmallInteger(bytes, element.contentStart, element.end, MAX_SKIP)
}
