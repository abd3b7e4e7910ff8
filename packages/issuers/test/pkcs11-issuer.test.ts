import 'reflect-metadata'
import { webcrypto, X509Certificate } from 'node:crypto'
import { inspect } from 'node:util'
import { Pkcs10CertificateRequest } from '@peculiar/x509'
import { test } from 'tap'
import { renewingCredentials } from '@peerkit/credentials'
import type { IssueQuestion, Pkcs11Key, SigningKey } from '@peerkit/credentials'
import { createDevCa } from '@peerkit/dev-ca'
import { signFor } from '@peerkit/test-support/certificates'
import { createCertificateRequest } from '../src/index.ts'
import { pkcs11Issuer } from '../src/pkcs11/index.ts'
import type { Pkcs11IssuerKey } from '../src/pkcs11/index.ts'

// A token in memory, of the shape of node-webcrypto-p11. The real one is in test/interop/softhsm.interop.ts.

const ca = await createDevCa()
const PIN = 'S3cret'
const EC = { name: 'ECDSA', namedCurve: 'P-256' }
const RSA = { name: 'RSASSA-PKCS1-v1_5', modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]), hash: 'SHA-256' }
let serials = 0

interface FakeKey { readonly label: string, readonly id: string, readonly pair: webcrypto.CryptoKeyPair, readonly kinds?: readonly string[], readonly kind?: string }

async function makeKey (label: string, id: string, algorithm: object = EC): Promise<FakeKey> {
  return { label, id, pair: await webcrypto.subtle.generateKey(algorithm as typeof EC, true, ['sign', 'verify']) }
}

interface Fake { readonly serial: string, readonly tried: string[], open: number, readonly Crypto: Pkcs11IssuerKey['Crypto'] }

/** A module with an uninitialized slot, another token, and this one. */
function makeModule (keys: readonly FakeKey[], { twice = false, broken = '' } = {}): Fake {
  serials += 1
  const serial = `000${serials}`
  const fake: { -readonly [Key in keyof Fake]: Fake[Key] } = { serial, tried: [], open: 0, Crypto: undefined as never }
  fake.Crypto = class {
    readonly slot: object
    readonly session = { close: () => { fake.open -= 1 } }
    isLoggedIn = false
    constructor ({ slot }: { slot: number }) {
      if (broken !== '') throw new Error(broken)
      if (slot === 0) throw new Error('CKR_TOKEN_NOT_RECOGNIZED')
      if (slot > (twice ? 3 : 2)) throw new Error(`Slot by index ${slot} is not found`)
      fake.open += 1
      const serialNumber = slot === 1 ? 'other' : serial
      this.slot = { getToken: () => ({ label: 'ledger', serialNumber, manufacturerID: 'Example        ', model: 'm' }) }
    }

    login (pin: string): void {
      fake.tried.push(pin)
      if (pin !== PIN) throw Object.assign(new Error('CKR_PIN_INCORRECT'), { code: 160 })
      this.isLoggedIn = true
    }

    keyStorage = {
      keys: async () => keys.flatMap(({ id, kinds = ['private', 'public'] }, index) => kinds.map((kind) => `${kind}-0${index}-${id}`)),
      getItem: async (name: string) => {
        const [kind = '', index] = name.split('-')
        const { label, pair, kind: odd } = keys[Number(index)] as FakeKey
        if (odd === 'unreadable') throw new Error('CKR_ATTRIBUTE_TYPE_INVALID')
        const key = kind === 'private' ? pair.privateKey : pair.publicKey
        return { key, algorithm: { ...key.algorithm, name: odd ?? key.algorithm.name, label } }
      }
    }

    subtle = {
      sign: async (algorithm: object, { key }: { key: webcrypto.CryptoKey }, data: Uint8Array<ArrayBuffer>) => {
        return await webcrypto.subtle.sign(algorithm as { name: string }, key, data)
      },
      exportKey: async (format: 'spki', { key }: { key: webcrypto.CryptoKey }) => await webcrypto.subtle.exportKey(format, key)
    }
  }
  return fake
}

function keyOf ({ serial, Crypto }: Fake, query: string, pin: Pkcs11Key['pin'] = () => PIN): Pkcs11IssuerKey {
  return { pkcs11: `pkcs11:token=ledger;serial=${serial};manufacturer=Example;${query}`, module: '/usr/lib/example.so', pin, Crypto }
}

const question = { publicKey: 'none', signal: new AbortController().signal, previous: undefined } as unknown as IssueQuestion

test('requests are signed in the token', async (t) => {
  for (const algorithm of [EC, { ...EC, namedCurve: 'P-384' }, RSA]) {
    const [key, other] = [await makeKey('tls', '01', algorithm), await makeKey('other', '02', algorithm)]
    const fake = makeModule([other, key])
    const given = keyOf(fake, 'object=tls')
    let csr = ''
    const answer = await pkcs11Issuer({
      async issue ({ publicKey, privateKey }) {
        csr = (await createCertificateRequest(privateKey, { cn: 'ledger', dns: ['ledger.example'] })).pem
        return { cert: await signFor(ca, publicKey, { notBefore: Date.now(), notAfter: Date.now() + 60_000 }) }
      }
    }, given).issue(question)
    const request = new Pkcs10CertificateRequest(csr)
    t.ok(await request.verify())
    t.equal(request.subject, 'CN=ledger')
    const spki = Buffer.from(await webcrypto.subtle.exportKey('spki', key.pair.publicKey))
    t.same(Buffer.from(request.publicKey.rawData), spki)
    t.same(new X509Certificate(answer.cert as string).publicKey.export({ type: 'spki', format: 'der' }), spki)
    t.same(answer.key, { pkcs11: given.pkcs11, module: given.module, pin: given.pin }, 'the source uses the key in the token')
    t.equal(fake.open, 0, 'every session is closed')
  }
})

test('a wrong PIN is tried once', async (t) => {
  const fake = makeModule([await makeKey('tls', '01')])
  let pin = 'bad-one'
  const issuer = pkcs11Issuer({ issue: () => ({ cert: 'none' }) }, keyOf(fake, 'object=tls', () => pin))
  const ask = async (): Promise<unknown> => await issuer.issue(question)
  const error = await t.rejects(ask(), { code: 'MTLS_ERR_CREDENTIALS_UNAVAILABLE', reason: 'pin', message: /the token refused the login: CKR_PIN_INCORRECT; this PIN is not tried again/ })
  await t.rejects(ask(), { reason: 'pin', message: /the token refused this PIN before/ } as never)
  t.notMatch(inspect(error, { showHidden: true, depth: 9 }), /bad-one/)
  pin = PIN
  await ask()
  t.same(fake.tried, ['bad-one', PIN])
  t.equal(fake.open, 0)
})

test('what the token has', async (t) => {
  const [key, twin, other] = [await makeKey('tls', '01'), await makeKey('tls', '02'), await makeKey('other', '03')]
  const dh = { ...await makeKey('dh', '04'), kind: 'X25519' }
  const odd = { ...await makeKey('odd', '05'), kind: 'unreadable' }
  const half = { ...await makeKey('half', '06'), kinds: ['private'] }
  const keys = [key, twin, other, dh, odd, half]
  const problemOf = async (query: string, options: object = {}, change: object = {}): Promise<string> => {
    const fake = makeModule(keys, options)
    const issuer = pkcs11Issuer({ issue: () => ({ cert: 'none' }) }, { ...keyOf(fake, query), ...change })
    const error = await Promise.resolve(issuer.issue(question)).then(() => new Error('none'), (reason: Error) => reason)
    t.equal(fake.open, 0)
    return error.message
  }
  t.equal(await problemOf('object=tls;id=%02'), 'none')
  t.equal(await problemOf('id=%03'), 'none')
  t.match(await problemOf('object=tls'), /found 2 private keys that fit the URI; expected one of EC or RSA/)
  for (const query of ['object=none', 'object=dh', 'object=odd', 'object=other;id=%01']) t.match(await problemOf(query), /found no private key/)
  t.match(await problemOf('object=half'), /found no public key/)
  t.match(await problemOf('object=tls;id=%02', { twice: true }), /found 2 tokens that fit the URI/)
  t.match(await problemOf('', {}, { pkcs11: 'pkcs11:token=none;object=tls' }), /found no token that fit/)
  t.match(await problemOf('object=tls', { broken: 'dlopen failed' }), /the module cannot be used: dlopen failed/)
})

test('a token that signs with another key', async (t) => {
  const [key, other] = [await makeKey('tls', '01'), await makeKey('tls', '02')]
  const publicKey = Buffer.from(await webcrypto.subtle.exportKey('spki', key.pair.publicKey))
  const pem = `-----BEGIN PUBLIC KEY-----\n${publicKey.toString('base64')}\n-----END PUBLIC KEY-----\n`
  const liar: SigningKey = { publicKey: pem, sign: async (algorithm, data) => new Uint8Array(await webcrypto.subtle.sign(algorithm, other.pair.privateKey, data as Uint8Array<ArrayBuffer>)) }
  await t.rejects(createCertificateRequest(liar, { cn: 'ledger' }), { code: 'MTLS_ERR_ISSUER', reason: 'answer', message: /the token signed the request with another key/ })
  const ed = await webcrypto.subtle.generateKey('Ed25519', true, ['sign', 'verify']) as webcrypto.CryptoKeyPair
  const edKey = Buffer.from(await webcrypto.subtle.exportKey('spki', ed.publicKey)).toString('base64')
  await t.rejects(createCertificateRequest({ ...liar, publicKey: `-----BEGIN PUBLIC KEY-----\n${edKey}\n-----END PUBLIC KEY-----\n` }, { cn: 'ledger' }), {
    code: 'MTLS_ERR_ISSUER_OPTION', message: /the key in the token is of type Ed25519; expected EC or RSA/
  })
})

test('an issuer that makes a key of its own', async (t) => {
  const issued = await ca.issue({ cn: 'ledger' })
  const issuer = pkcs11Issuer({ issue: () => ({ cert: issued.chain, key: issued.key }) }, keyOf(makeModule([await makeKey('tls', '01')]), 'object=tls'))
  await t.rejects(Promise.resolve(issuer.issue(question)), { code: 'MTLS_ERR_ISSUER', reason: 'answer', message: /the issuer made a key of its own; expected one that signs requests/ })
})

test('options', async (t) => {
  const key = keyOf(makeModule([]), 'object=tls')
  const issuer = { issue: () => ({ cert: 'none' }) }
  t.throws(() => pkcs11Issuer({} as never, key), { code: 'MTLS_ERR_ISSUER_OPTION', message: /issuer is .*issue/ })
  t.throws(() => pkcs11Issuer(issuer, { ...key, Crypto: undefined as never }), { code: 'MTLS_ERR_ISSUER_OPTION', message: /key\.Crypto is missing; expected the class Crypto of node-webcrypto-p11/ })
  t.throws(() => pkcs11Issuer(issuer, { ...key, pin: PIN as never }), { code: 'MTLS_ERR_CREDENTIALS_OPTION', message: /key\.pin is a string of 6 characters/ })
  t.throws(() => pkcs11Issuer(issuer, { ...key, pkcs11: 'pkcs11:token=a' }), { code: 'MTLS_ERR_CREDENTIALS_OPTION' })
  t.throws(() => pkcs11Issuer(issuer, undefined as never), { code: 'MTLS_ERR_CREDENTIALS_OPTION' })
})

test('a source that cannot use the key says so', async (t) => {
  const issuer = pkcs11Issuer({
    issue: async ({ publicKey }) => ({ cert: await signFor(ca, publicKey, { notBefore: Date.now(), notAfter: Date.now() + 60_000 }) })
  }, { ...keyOf(makeModule([await makeKey('tls', '01')]), 'object=tls'), engines: '/nowhere' })
  await t.rejects(renewingCredentials(issuer, { ca: ca.root, attempts: 1 }), { code: 'MTLS_ERR_CREDENTIALS_UNAVAILABLE', reason: 'engine' })
})
