import { createPrivateKey } from 'node:crypto'
import { createSecureContext } from 'node:tls'
import type { SecureContext } from 'node:tls'
import { inspect } from 'node:util'
import { test } from 'tap'
import { createDevCa } from '@peerkit/dev-ca'
import { ManualClock } from '@peerkit/test-support/manual-clock'
import { memoryCredentials, secureContextOptions } from '../../src/index.ts'
import type { Clock, Pkcs11Key } from '../../src/index.ts'
import type { EngineQuestion } from '../../src/pkcs11/engine.ts'
import { openKey } from '../../src/pkcs11/open-key.ts'
import { openMaterial } from '../../src/pkcs11/open-material.ts'

// What the engine does is tested with SoftHSM2, in test/interop. Here a key in memory takes its place.

const ca = await createDevCa()
const issued = await ca.issue({ cn: 'ledger', dns: 'localhost' })
const origins = { key: 'key (pkcs11:…)', cert: 'cert' }
const PIN = 'S3cret'
const REFUSED = 'MTLS_ERR_CREDENTIALS_REFUSED'
let tokens = 0

/** A key of a token that no other test uses, because refused PINs are remembered. */
function makeKey (pin: Pkcs11Key['pin'] = () => PIN): Pkcs11Key {
  tokens += 1
  return { pkcs11: `pkcs11:token=t${tokens};object=tls`, module: '/usr/lib/example.so', pin }
}

const openWith = (key: string) => ({ cert }: EngineQuestion): SecureContext => createSecureContext({ cert, key })
const opensslError = (code: string, fields: object = {}): Error => Object.assign(new Error('error:1:x::y'), { code, ...fields })

test('a key that belongs to the certificate is opened with the PIN', async (t) => {
  const questions: EngineQuestion[] = []
  const pins: string[] = []
  const key = await openKey(makeKey(async () => Buffer.from(PIN)), [issued.chain], origins, {
    open: (question) => {
      questions.push(question)
      pins.push(question.pin.toString())
      return openWith(issued.key)(question)
    }
  })
  const [question] = questions
  t.match(question, { module: '/usr/lib/example.so', engines: undefined, uri: key.uri, cert: issued.chain })
  t.same(pins, [PIN])
  t.same(question?.pin, Buffer.alloc(PIN.length), 'it is wiped')
  t.match(key.uri, /^pkcs11:token=t\d+;object=tls;type=private$/)
  t.same(key.contextOptions, { privateKeyEngine: 'pkcs11', privateKeyIdentifier: key.uri })
  t.notMatch(inspect(key, { showHidden: true, depth: 9, getters: true }) + JSON.stringify(key), /S3cret/)
})

test('a certificate for clients alone is proved too', async (t) => {
  const client = await ca.issue({ cn: 'orders', profile: 'client' })
  const key = await openKey(makeKey(), client.chain, origins, { open: openWith(client.key) })
  const source = memoryCredentials({ cert: client.chain, key, ca: ca.root, use: 'client' })
  t.equal(source.current.opaqueKey, key)
  await source.close()
})

test('a key of another certificate is refused', async (t) => {
  const rsa = await ca.issue({ cn: 'ledger', key: 'rsa-2048' })
  // OpenSSL compares keys of the same type alone: this context is made without an error.
  await t.rejects(openKey(makeKey(), issued.chain, origins, { open: openWith(rsa.key) }), {
    code: 'MTLS_ERR_CREDENTIALS_REFUSED', reason: 'key_mismatch', message: /key \(pkcs11:…\): the key does not belong to the certificate; found a key that cannot sign for it/
  })
  const other = await ca.issue({ cn: 'ledger' })
  await t.rejects(openKey(makeKey(), issued.chain, origins, { open: openWith(other.key) }), {
    reason: 'key_mismatch', message: /found another key of the same type; expected its key \(if several objects fit the URI, the engine takes one of them: name it by id\)/
  })
})

test('a context that presents another certificate proves nothing', async (t) => {
  const other = await ca.issue({ cn: 'other' })
  const open = (): SecureContext => createSecureContext({ cert: other.chain, key: other.key })
  await t.rejects(openKey(makeKey(), issued.chain, origins, { open }), { code: REFUSED, reason: 'key_mismatch' })
})

test('a PIN that the token refused is not tried again', async (t) => {
  let pin = 'wrong'
  const tried: string[] = []
  const key = makeKey(() => pin)
  const open = (question: EngineQuestion): SecureContext => {
    tried.push(question.pin.toString())
    if (question.pin.toString() === PIN) return openWith(issued.key)(question)
    throw opensslError('ERR_OSSL_PIN_INCORRECT', { library: 'PKCS#11 module', reason: 'PIN incorrect' })
  }
  const load = async (): Promise<unknown> => await openKey(key, issued.chain, origins, { open })
  const error = await t.rejects(load(), {
    code: 'MTLS_ERR_CREDENTIALS_UNAVAILABLE', reason: 'pin', message: /the token refused the PIN \(ERR_OSSL_PIN_INCORRECT\); this PIN is not tried again, because tokens lock/
  })
  for (let round = 0; round < 5; round++) await t.rejects(load(), { reason: 'pin', message: /the token refused this PIN before; this PIN is not tried again/ })
  t.same(tried, ['wrong'])
  // The same token by another URI.
  await t.rejects(openKey({ ...key, pkcs11: `${key.pkcs11};id=%01` }, issued.chain, origins, { open }), { message: /refused this PIN before/ })
  t.same(tried, ['wrong'])
  pin = PIN
  await load()
  t.same(tried, ['wrong', PIN])
  t.notMatch(inspect(error, { showHidden: true, depth: 9 }), /wrong'/)
})

test('what OpenSSL says', async (t) => {
  const pkcs11 = { library: 'PKCS#11 module' }
  const cases: Array<[Error, string, RegExp]> = [
    [opensslError('ERR_OSSL_PIN_LOCKED', pkcs11), 'pin', /the token is locked after too many wrong PINs \(ERR_OSSL_PIN_LOCKED\)$/],
    [opensslError('ERR_OSSL_PIN_EXPIRED', pkcs11), 'pin', /the PIN of the token has expired/],
    [opensslError('ERR_OSSL_PIN_LEN_RANGE', pkcs11), 'pin', /too short or too long .*not tried again/],
    [opensslError('ERR_OSSL_PIN_INVALID', pkcs11), 'pin', /characters that the token does not allow .*not tried again/],
    [opensslError('ERR_OSSL_UNABLE_TO_LOAD_PKCS#11_MODULE', { library: 'libp11' }), 'module', /the engine cannot load the module/],
    [opensslError('ERR_OSSL_OBJECT_NOT_FOUND', { library: 'pkcs11 engine' }), 'token', /found no such key in the token .*expected one token that fits the URI/],
    [opensslError('ERR_OSSL_INVALID_ID', { library: 'pkcs11 engine' }), 'engine', /cannot read the PIN .*expected \/proc\/self\/fd or \/dev\/fd/],
    [opensslError('ERR_OSSL_DEVICE_REMOVED', { ...pkcs11, reason: 'Device removed' }), 'token', /the token or its module failed: Device removed \(ERR_OSSL_DEVICE_REMOVED\)/],
    [opensslError('ERR_OSSL_X', { opensslErrorStack: ['error:12800067:DSO support routines::could not load the shared library'] }), 'engine', /OpenSSL cannot load the PKCS#11 engine; expected an engine for the OpenSSL of this Node/],
    [opensslError('ERR_OSSL_PEM_BAD', { library: 'PEM routines', reason: 'bad' }), 'unusable', /OpenSSL rejects certificate and key: found bad \(ERR_OSSL_PEM_BAD\)/],
    [new Error('odd'), 'unusable', /found odd \(no code\)/]
  ]
  for (const [thrown, reason, message] of cases) {
    await t.rejects(openKey(makeKey(), issued.chain, origins, { open: () => { throw thrown } }), { reason, message })
  }
})

test('the PIN function', async (t) => {
  const open = (): never => { throw new Error('the engine was asked') }
  const load = async (pin: unknown): Promise<unknown> => await openKey(makeKey(pin as Pkcs11Key['pin']), issued.chain, origins, { open })
  await t.rejects(load(() => { throw new Error('no vault') }), { code: 'MTLS_ERR_CREDENTIALS_UNAVAILABLE', reason: 'pin', message: /the PIN function failed: no vault/ })
  const wrong: Array<[unknown, RegExp]> = [
    [undefined, /the PIN function's answer is missing; expected 1 to 31 octets/],
    [1234, /expected 1 to 31 octets/],
    ['', /a PIN of 0 octets/],
    ['1234\n', /a PIN with a line break or a zero octet at its end, as files have; expected/],
    [Buffer.from('12\0'), /a PIN with a line break or a zero octet; expected/],
    // Older engines cut it off, which makes it a wrong one.
    ['\u00fc'.repeat(16), /a PIN of 32 octets; expected 1 to 31 octets/]
  ]
  for (const [answer, message] of wrong) {
    const error = await t.rejects(load(() => answer), { code: 'MTLS_ERR_CREDENTIALS_OPTION', message }) as unknown as Error
    t.notMatch(error.message, /1234/)
  }
})

test('a PIN function that never answers ends with its time', async (t) => {
  const clock = new ManualClock()
  const signals: AbortSignal[] = []
  const asked = Promise.withResolvers<undefined>()
  const key = makeKey(async ({ signal }) => {
    signals.push(signal)
    asked.resolve(undefined)
    return await new Promise(() => {})
  })
  const loading = openKey(key, issued.chain, origins, { clock, timeout: 500 })
  await asked.promise
  clock.advance(500)
  await t.rejects(loading, { reason: 'pin', message: /pin: no answer within 500 ms/ })
  t.ok(signals[0]?.aborted)
})

test('nothing waits for a source that is closed', async (t) => {
  const controller = new AbortController()
  const asked = Promise.withResolvers<undefined>()
  const key = makeKey(async () => {
    asked.resolve(undefined)
    return await new Promise(() => {})
  })
  const loading = openKey(key, issued.chain, origins, { signal: controller.signal })
  await asked.promise
  controller.abort()
  await t.rejects(loading, { code: 'MTLS_ERR_CREDENTIALS_CLOSED' })
})

test('a handshake that does not end in time', async (t) => {
  let limits = 0
  const clock: Clock = {
    now: () => 0,
    // The first limit is that of the PIN function. The second is over at once, before anything was sent.
    schedule (task) {
      limits += 1
      if (limits === 2) queueMicrotask(task)
      return () => {}
    }
  }
  await t.rejects(openKey(makeKey(), issued.chain, origins, { clock, timeout: 500, open: openWith(issued.key) }), {
    code: 'MTLS_ERR_CREDENTIALS_UNAVAILABLE', reason: 'timeout', message: /handshake: no answer within 500 ms/
  })
})

test('a certificate that cannot be read, or is missing', async (t) => {
  await t.rejects(openKey(makeKey(), 'no PEM', origins), { code: 'MTLS_ERR_CREDENTIALS_REFUSED', reason: 'unreadable' })
  await t.rejects(openKey(makeKey(), [], origins), { code: 'MTLS_ERR_CREDENTIALS_OPTION', message: /cert is missing; expected it beside a key in a token/ })
})

test('a snapshot with a key in a token', async (t) => {
  const key = await openKey(makeKey(), issued.chain, origins, { open: openWith(issued.key) })
  const source = memoryCredentials({ cert: issued.chain, key, ca: ca.root })
  const { current } = source
  t.equal(current.key, undefined)
  t.equal(current.opaqueKey, key)
  const options = secureContextOptions(current)
  t.match(options, { cert: current.cert, privateKeyEngine: 'pkcs11', privateKeyIdentifier: key.uri })
  t.notOk('key' in options)
  t.match(inspect(current), /key: 'pkcs11:token=t\d+;object=tls;type=private'/)
  t.match(JSON.parse(JSON.stringify(current)), { key: { uri: key.uri, publicKey256: key.publicKey256 } })
  t.match(inspect(options), /privateKeyIdentifier: 'pkcs11:token/)

  t.equal(source.update({ key }), current, 'the same key is no rotation')
  const again = await openKey({ ...makeKey(), pkcs11: key.uri }, issued.chain, origins, { open: openWith(issued.key) })
  t.not(again, key)
  t.equal(source.update({ key: again }), current, 'opened again, it is still the same')

  const second = await ca.issue({ cn: 'second', dns: 'localhost' })
  t.throws(() => source.update({ cert: second.chain }), {
    code: 'MTLS_ERR_CREDENTIALS_REFUSED', reason: 'key_mismatch', message: /found pkcs11:token=t\d+;object=tls;type=private; expected the key of CN=second/
  })
  t.equal(source.current, current)
  t.equal(source.update({ cert: second.chain, key: second.key }).key, createPrivateKey(second.key).export({ type: 'pkcs8', format: 'pem' }))
  t.equal(source.current.opaqueKey, undefined)
  t.equal(source.update({ cert: issued.chain, key }).opaqueKey, key, 'and back')
  await source.close()
})

test('new CAs do not open the key again', async (t) => {
  const given = makeKey(() => { throw new Error('the PIN was asked for') })
  const key = await openKey({ ...given, pin: () => PIN }, issued.chain, origins, { open: openWith(issued.key) })
  const material = { cert: issued.chain, key: given, ca: ca.root }
  const opened = await openMaterial(material, { certOrigin: 'cert', inUse: key })
  t.equal(opened.key, key)
  const other = await ca.issue({ cn: 'other' })
  await t.rejects(openMaterial({ ...material, cert: other.chain }, { certOrigin: 'cert', inUse: key }), { message: /the PIN was asked for/ })
  await t.rejects(openMaterial({ ...material, key: makeKey(given.pin) }, { certOrigin: 'cert', inUse: key }), { message: /the PIN was asked for/ })
  await t.rejects(openMaterial({ pfx: Buffer.from('x'), key: given }, { certOrigin: 'cert' }), { message: /key and pfx are both set/ })
  await t.rejects(openMaterial({ key: given }, { certOrigin: 'cert' }), { message: /cert is missing/ })
  t.equal((await openMaterial({ cert: issued.chain, key: issued.key }, { certOrigin: 'cert' })).key, issued.key, 'other material stays as it is')
})
