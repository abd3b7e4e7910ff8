import { describeValue } from '@peerkit/identity/internal'
import { SpiffeInvalidError } from '../errors.ts'
import { readTrustDomain } from '../source/trust-domain.ts'
import { parseBundleDocument } from './format.ts'
import type { BundleDocument } from './format.ts'

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
  let document: { readonly trust_domains?: unknown }
  try {
    document = JSON.parse(text)
  } catch (error) {
    throw new SpiffeInvalidError('malformed', `${what} is not JSON: ${(error as Error).message.slice(0, 200)}`)
  }
  const domains = document?.trust_domains
  if (typeof domains !== 'object' || domains === null || Array.isArray(domains)) {
    const found = describeValue(domains)
    throw new SpiffeInvalidError('malformed', `${what}: trust_domains is ${found}; expected bundles by trust domain`)
  }
  const bundles = new Map<string, BundleDocument>()
  for (const [name, bundle] of Object.entries(domains)) {
    const trustDomain = readTrustDomain(name, `${what}: a key of trust_domains`)
    if (bundles.has(trustDomain)) {
      throw new SpiffeInvalidError('trust_domain', `${what} has two bundles for ${trustDomain}`)
    }
    bundles.set(trustDomain, parseBundleDocument(JSON.stringify(bundle), trustDomain, `${what}: ${trustDomain}`))
  }
  return bundles
}
