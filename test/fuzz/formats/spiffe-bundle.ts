// Bundles of SPIFFE trust domains: a JWK set, and a map of them.
import { createDevCa } from '@peerkit/dev-ca'
import { parseBundleMap } from '../../../packages/spiffe/src/bundle/map-file.ts'
import { parseBundleDocument, writeBundleDocument } from '../../../packages/spiffe/src/bundle/format.ts'
import type { BundleDocument } from '../../../packages/spiffe/src/bundle/format.ts'
import { hasCode, textInput } from '../engine/format.ts'
import type { Format } from '../engine/format.ts'
import { mutateJson } from '../engine/mutate-json.ts'

const DOMAIN = 'td.example'
const [one, other] = [await createDevCa(), await createDevCa({ name: 'Other', key: 'rsa-2048' })]
const documents = [
  writeBundleDocument({ ca: one.root, sequence: 7, refreshHint: 300 }), writeBundleDocument({ ca: [one.root, other.root] }),
  writeBundleDocument({ ca: one.root }).replace('"keys":[', '"keys":[{"use":"jwt-svid","kty":"EC","kid":"a"},'), '{"keys":[]}'
]
const isDocumented = (error: unknown): boolean => hasCode(error, 'MTLS_ERR_SPIFFE_INVALID')
const readsBack = (found: BundleDocument): boolean => {
  const again = parseBundleDocument(writeBundleDocument(found), DOMAIN, 'it')
  return again.ca.join() === found.ca.join() && again.sequence === found.sequence && again.refreshHint === found.refreshHint
}

export const spiffeBundle: Format = {
  name: 'spiffe-bundle',
  seeds: documents.map(textInput),
  mutate: mutateJson,
  read: (input) => parseBundleDocument(input.toString(), DOMAIN, 'the bundle'),
  isDocumented,
  check: (found: BundleDocument) => readsBack(found) ? undefined : 'what was read and written reads back otherwise',
  label: ({ ca }: BundleDocument) => `${Math.min(ca.length, 3)} CAs`,
  maxSteps: (octets) => 10_000 + 60 * octets
}

export const spiffeBundleMap: Format = {
  name: 'spiffe-bundle-map',
  seeds: [
    textInput(`{"trust_domains":{"td.example":${documents[0]},"spiffe://x.example":${documents[1]}}}`), textInput('{"trust_domains":{}}'),
    ...documents.map((text) => textInput(`{"trust_domains":{"td.example":${text}}}`))
  ],
  mutate: mutateJson,
  read: (input) => parseBundleMap(input.toString(), 'the map'),
  isDocumented,
  check: (found: ReadonlyMap<string, BundleDocument>) => [...found.values()].every(readsBack) ? undefined : 'a bundle reads back otherwise',
  label: ({ size }: ReadonlyMap<string, BundleDocument>) => `${Math.min(size, 3)} trust domains`,
  maxSteps: (octets) => 10_000 + 80 * octets
}
