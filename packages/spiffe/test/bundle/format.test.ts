import { test } from 'tap'
import { createDevCa } from '@peerkit/dev-ca'
import { encodePem } from '@peerkit/identity'
import { readPemBundle } from '../../src/bundle/format.ts'
import { MAX_DOCUMENT_OCTETS, parseBundleDocument, parseBundleMap, writeBundleDocument } from '../../src/index.ts'
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

test('a CA whose key Node cannot read is written with its certificate alone', (t) => {
  const der = derOf(prod.ca.root)
  // The BIT STRING of the public key, with a first octet that is no form of a point.
  const at = der.indexOf('03420004', 0, 'hex')
  der[at + 3] = 0x05
  const text = writeBundleDocument({ ca: encodePem(der) })
  t.match(JSON.parse(text).keys, [{ use: 'x509-svid', kty: 'UNKNOWN', x: undefined }])
  t.same(parseBundleDocument(text, 'prod.example', 'it').ca.map(derOf), [der])
  t.end()
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
    [key(), /keys\[0\]\.x5c is an empty list; expected a list of one certificate in base64/],
    [key(7), /keys\[0\]\.x5c\[0\] is 7; expected a certificate in base64/],
    [key(x5c, x5c), /a list of one certificate/],
    [key('not base64!'), /keys\[0\]\.x5c\[0\] is "not base64!"; expected a certificate in base64/],
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

test('documents of others', async (t) => {
  const spire = { spiffe_sequence: 12, spiffe_refresh_hint: 300, keys: [{ use: 'x509-svid', kty: 'EC', crv: 'P-256', x: 'x', y: 'y', x5c: [x5c], kid: 'k', alg: 'ES256' }, { use: 'jwt-svid', kid: 'x' }, { use: 'wit-svid' }], trust_domain: 'elsewhere' }
  t.match(parse(spire), { sequence: 12, refreshHint: 300, trustDomain: 'prod.example', ca: { length: 1 } }, 'unknown fields and uses are ignored')
  t.match(parse({ keys: [{ use: 'x509-svid', x5c: [x5c.replace(/(.{64})/g, '$1\r\n')] }] }), { ca: { length: 1 } }, 'line breaks')
  t.match(parse({ keys: [{ use: 'x509-svid', x5c: [x5c] }, { use: 'x509-svid', x5c: [x5c] }] }), { ca: { length: 1 } }, 'a certificate twice')
  t.throws(() => parse({ keys: [{ use: 'x509-svid', x5c: [`${x5c.slice(0, 64)} ${x5c.slice(64)}`] }] }), /in base64/)
  t.match(parse('{"keys":[],"spiffe_sequence":18446744073709551615}'), { sequence: 2 ** 64 }, 'the largest one')
  t.match(parse(`\uFEFF${JSON.stringify(spire)}`), { sequence: 12 }, 'a byte order mark')
  t.match(parse('{"keys":[],"spiffe_sequence":1714521600000000000}'), { sequence: 1714521600000000000 }, 'a number of 64 bits')
  t.match(parse({ keys: [{ use: 'X509-SVID', x5c: [x5c] }] }), { ca: { length: 0 } }, 'uses are case-sensitive')
})

test('no size or depth hurts', async (t) => {
  const many = await Promise.all(Array.from({ length: 5 }, async (_, index) => {
    const { root } = await createDevCa({ name: `CA ${index}` })
    return derOf(root).toString('base64')
  }))
  // Each with other octets, as a signature that is not checked may have.
  const certificates = Array.from({ length: 1_001 }, (_, index) => {
    const der = Buffer.from(many[index % many.length] as string, 'base64')
    der.writeUInt32BE(index, der.length - 4)
    return { use: 'x509-svid', x5c: [der.toString('base64')] }
  })
  t.match(parse({ keys: certificates.slice(0, 1_000) }), { ca: { length: 1_000 } })
  t.throws(() => parse({ keys: certificates }), { reason: 'too_large', message: /more than 1000 CA certificates/ } as unknown as Error)
  t.throws(() => parse(' '.repeat(MAX_DOCUMENT_OCTETS + 1)), { reason: 'too_large' } as unknown as Error)
  t.match(parse({ keys: Array(100_000).fill({ use: 'jwt-svid' }) }), { ca: { length: 0 } })
  const deep = `${'['.repeat(500_000)}${']'.repeat(500_000)}`
  t.match(parse(`{"keys":[${deep}],"x":${deep}}`), { ca: { length: 0 } })
  t.throws(() => parseBundleMap(`{"trust_domains":{"a":${deep}}}`, 'map.json'), { reason: 'malformed', message: /a: the document is a list/ } as unknown as Error)
  const domains = Object.fromEntries(Array.from({ length: 10_001 }, (_, index) => [`a${index}`, {}]))
  t.throws(() => parseBundleMap(JSON.stringify({ trust_domains: domains }), 'map.json'), { reason: 'too_large' } as unknown as Error)
  const pem = certificates.map(({ x5c: [der] }) => `-----BEGIN CERTIFICATE-----\n${String(der)}\n-----END CERTIFICATE-----\n`).join('')
  t.throws(() => readPemBundle(pem, 'prod.example', 'bundle.pem'), { reason: 'too_large' } as unknown as Error)
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
