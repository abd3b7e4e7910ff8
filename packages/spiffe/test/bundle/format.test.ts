import { test } from 'tap'
import { createDevCa } from '@peerkit/dev-ca'
import { parseBundleDocument, parseBundleMap, writeBundleDocument } from '../../src/index.ts'
import { derOf } from '../support/messages.ts'
import { TrustDomain } from '../support/world.ts'

const prod = await TrustDomain.make('prod.example')
const x5c = prod.bundle.toString('base64')
const parse = (document: unknown): unknown => parseBundleDocument(typeof document === 'string' ? document : JSON.stringify(document), 'prod.example', 'the document')

test('a document is read as it was written', async (t) => {
  const cas = await Promise.all([{ key: 'ec-p384' }, { key: 'rsa-2048' }, { key: 'ed25519' }].map(async (options) => await createDevCa(options as object)))
  const text = writeBundleDocument({ ca: cas.map(({ root }) => root), sequence: 7, refreshHint: 300 })
  const { sequence, refreshHint, ca, trustDomain } = parseBundleDocument(text, 'prod.example', 'it')
  t.match({ sequence, refreshHint, trustDomain }, { sequence: 7, refreshHint: 300, trustDomain: 'prod.example' })
  t.same(ca.map(derOf), cas.map(({ root }) => derOf(root)))
  t.same(JSON.parse(text).keys.map(({ kty, use }: { kty: string, use: string }) => `${kty} ${use}`), ['EC x509-svid', 'RSA x509-svid', 'OKP x509-svid'])
  t.match(parseBundleDocument(writeBundleDocument({ ca: prod.ca.root }), 'prod.example', 'it'), { sequence: undefined, refreshHint: undefined })
})

test('other keys are ignored, and a document may be empty', (t) => {
  t.match(parse({ keys: [{ use: 'jwt-svid', kid: 'x' }, { use: 'x509-svid', x5c: [x5c] }, { kty: 'EC' }, null, 7, 'x'] }), { ca: { length: 1 } })
  t.match(parse({ keys: [] }), { ca: { length: 0 } })
  t.end()
})

test('what is wrong with a document', async (t) => {
  const leaf = derOf((await prod.ca.issue({ cn: 'x' })).cert).toString('base64')
  const key = (...certificates: unknown[]): object => ({ keys: [{ use: 'x509-svid', x5c: certificates }] })
  for (const [document, message, reason = 'malformed'] of [
    ['', /the document is not JSON/],
    ['{"keys":', /is not JSON/],
    ['null', /the document is null; expected an object/],
    ['[]', /expected an object/],
    [{}, /keys is missing; expected a list|keys is undefined; expected a list/],
    [{ keys: {} }, /expected a list of keys/],
    [{ keys: [{ use: 'x509-svid' }] }, /keys\[0\]\.x5c/],
    [key(), /keys\[0\]\.x5c/],
    [key(x5c, x5c), /a list of one certificate/],
    [key('not base64!'), /a list of one certificate in base64/],
    [key('Z2FyYmFnZQ=='), /is not DER/],
    [key(Buffer.concat([prod.bundle, prod.bundle]).toString('base64')), /keys\[0\]\.x5c has 2 certificates; expected one/],
    [key(leaf), /is not a CA/, 'svid'],
    [{ keys: [], spiffe_sequence: -1 }, /spiffe_sequence is -1; expected a whole number/],
    [{ keys: [], spiffe_sequence: '7' }, /spiffe_sequence is "7"/],
    [{ keys: [], spiffe_sequence: 1e300 }, /spiffe_sequence/],
    [{ keys: [], spiffe_refresh_hint: 0.5 }, /spiffe_refresh_hint/]
  ] as ReadonlyArray<readonly [unknown, RegExp, string?]>) {
    t.throws(() => parse(document), { code: 'MTLS_ERR_SPIFFE_INVALID', reason, message } as unknown as Error, JSON.stringify(document).slice(0, 80))
  }
})

test('the map of gRPC', (t) => {
  const bundle = JSON.parse(writeBundleDocument({ ca: prod.ca.root, sequence: 2 }))
  const map = parseBundleMap(JSON.stringify({ trust_domains: { 'prod.example': bundle, 'empty.example': { keys: [] } } }), 'map.json')
  t.same([...map.keys()], ['prod.example', 'empty.example'])
  t.match(map.get('prod.example'), { sequence: 2, ca: { length: 1 } })
  for (const [document, message] of [
    ['{', /map\.json is not JSON/], ['null', /trust_domains/], ['{}', /trust_domains/], ['{"trust_domains":[]}', /expected bundles by trust domain/],
    ['{"trust_domains":{"UPPER":{"keys":[]}}}', /a key of trust_domains is "UPPER"/], ['{"trust_domains":{"a":null}}', /map\.json: a: the document is null/],
    ['{"trust_domains":{"a":{"keys":[]},"spiffe://a":{"keys":[]}}}', /two bundles for a/]
  ] as const) {
    t.throws(() => parseBundleMap(document, 'map.json'), { code: 'MTLS_ERR_SPIFFE_INVALID', message } as unknown as Error, document)
  }
  t.end()
})
