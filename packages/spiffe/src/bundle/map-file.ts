import { describeValue } from '@peerkit/identity/internal'
import { SpiffeInvalidError } from '../errors.ts'
import { readTrustDomain } from '../source/trust-domain.ts'
import { parseJson, readBundleDocument } from './format.ts'
import type { BundleDocument } from './format.ts'

/** The most trust domains of one map. */
const MAX_TRUST_DOMAINS = 10_000

/**
 * Reads a map of bundles by trust domain, as gRPC has it (gRFC A87): `{ "trust_domains": { "prod.example": { "keys":
 * … } } }`.
 *
 * @throws SpiffeInvalidError
 * @example
 * ```ts
 * const bundle = JSON.parse(writeBundleDocument({ ca: ca.root }))
 * const map = parseBundleMap(JSON.stringify({ trust_domains: { 'prod.example': bundle } }), 'map.json')
 * console.log(map.get('prod.example')?.ca.length) // 1
 * ```
 */
export function parseBundleMap (text: string, what: string): ReadonlyMap<string, BundleDocument> {
  const domains = (parseJson(text, what) as { readonly trust_domains?: unknown } | null)?.trust_domains
  if (typeof domains !== 'object' || domains === null || Array.isArray(domains)) {
    const found = describeValue(domains)
    throw new SpiffeInvalidError('malformed', `${what}: trust_domains is ${found}; expected bundles by trust domain`)
  }
  const entries = Object.entries(domains)
  if (entries.length > MAX_TRUST_DOMAINS) {
    throw new SpiffeInvalidError('too_large', `${what} has more than ${MAX_TRUST_DOMAINS} trust domains`)
  }
  const bundles = new Map<string, BundleDocument>()
  for (const [name, bundle] of entries) {
    const trustDomain = readTrustDomain(name, `${what}: a key of trust_domains`)
    if (bundles.has(trustDomain)) {
      throw new SpiffeInvalidError('trust_domain', `${what} has two bundles for ${trustDomain}`)
    }
    bundles.set(trustDomain, readBundleDocument(bundle, trustDomain, `${what}: ${trustDomain}`))
  }
  return bundles
}
