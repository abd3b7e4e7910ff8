import 'reflect-metadata'
import { generateKeyPairSync } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import * as x509 from '@peculiar/x509'
import { test } from 'tap'
import { createCertificateRequest } from '@peerkit/issuers'
import { customIssuer } from '@peerkit/issuers/custom'

const ec = (namedCurve: string): KeyObject => generateKeyPairSync('ec', { namedCurve }).privateKey

test('a request has the names, and a signature by the key', async (t) => {
  const keys: Array<readonly [string, KeyObject]> = [
    ['P-256', ec('P-256')], ['P-384', ec('P-384')], ['P-521', ec('P-521')],
    ['Ed25519', generateKeyPairSync('ed25519').privateKey],
    ['RSA', generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey]
  ]
  for (const [type, key] of keys) {
    const { pem, der } = await createCertificateRequest(key, {
      cn: 'ledger', o: 'Example', ou: 'Books', dns: ['ledger.example'], ip: ['127.0.0.1', '::1'], uri: ['spiffe://prod.example/ledger'], email: ['a@example.com']
    })
    const request = new x509.Pkcs10CertificateRequest(pem)
    t.ok(await request.verify(), type)
    t.same(Buffer.from(request.rawData), Buffer.from(der))
    t.equal(request.subject, 'O=Example, OU=Books, CN=ledger')
    const found = request.extensions.find((each) => each instanceof x509.SubjectAlternativeNameExtension)
    t.same(found?.names.toJSON(), [
      { type: 'dns', value: 'ledger.example' }, { type: 'ip', value: '127.0.0.1' }, { type: 'ip', value: '::1' },
      { type: 'url', value: 'spiffe://prod.example/ledger' }, { type: 'email', value: 'a@example.com' }
    ])
    t.notMatch(pem, 'PRIVATE')
  }
})

test('a request without further names has no extension', async (t) => {
  const { pem } = await createCertificateRequest(ec('P-256'), { cn: 'ledger' })
  t.equal(new x509.Pkcs10CertificateRequest(pem).extensions.length, 0)
})

test('refuses a key that no request can be signed with', async (t) => {
  const x25519 = generateKeyPairSync('x25519').privateKey
  for (const [key, shown] of [[ec('secp256k1'), /ec \(secp256k1\)/], [x25519, /x25519/]] as const) {
    await t.rejects(createCertificateRequest(key, { cn: 'a' }), { code: 'MTLS_ERR_ISSUER_OPTION', message: shown })
  }
})

test('refuses wrong options by name', (t) => {
  const given = { url: 'https://ca.example/sign', names: { cn: 'a' }, request: () => ({}), read: () => ({ cert: '' }) }
  for (const [change, message] of [
    [{ url: 'http://ca.example/' }, /url is "http:\/\/ca\.example.*expected .*https/],
    [{ url: undefined }, /url is missing/],
    [{ names: {} }, /names has no name; expected at least one of cn, dns/],
    [{ names: { dsn: ['a'] } }, /unknown option "dsn" for names; did you mean "dns"/],
    [{ names: { dns: 'a' } }, /names\.dns is "a"; expected/],
    [{ request: undefined }, /request is missing/],
    [{ agent: {} }, /agent is .*dispatch/],
    [{ secrets: 'a' }, /secrets is .*; expected/],
    [{ secret: [] }, /unknown option "secret"/]
  ] as const) t.throws(() => customIssuer({ ...given, ...change as object }), { code: 'MTLS_ERR_ISSUER_OPTION', message }, String(message))
  t.end()
})

test('an issuer says who it is, and what it asks for', (t) => {
  const make = (url: string, cn = 'a'): ReturnType<typeof customIssuer> => {
    return customIssuer({ url, names: { cn }, request: () => ({}), read: () => ({ cert: '' }) })
  }
  const one = make('https://user:password@ca.example/v1/sign?token=secret')
  t.equal(one.name, 'the issuer at ca.example')
  t.notMatch(one.id, /secret|password/)
  t.equal(make('https://ca.example/a').id, make('https://ca.example/a').id)
  t.equal(new Set([make('https://ca.example/a').id, make('https://ca.example/b').id, make('https://ca.example/a', 'b').id]).size, 3)
  t.end()
})
