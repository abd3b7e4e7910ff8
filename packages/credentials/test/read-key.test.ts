import { createPrivateKey, generateKeyPairSync } from 'node:crypto'
import { inspect } from 'node:util'
import { test } from 'tap'
import { createDevCa } from '@peerkit/dev-ca'
import { fileCredentials, memoryCredentials, secureContextOptions } from '../src/index.ts'
import { makeFolder } from './support/world.ts'

const ca = await createDevCa()
const ec = await ca.issue({ cn: 'ec' })
const rsa = await ca.issue({ cn: 'rsa', key: 'rsa-2048' })

test('opens keys in every format, and holds them as PKCS#8', async (t) => {
  const own = (issued: typeof ec, options: object): string => createPrivateKey(issued.key).export({ format: 'pem', ...options } as any) as string
  for (const [what, issued, key, passphrase] of [
    ['PKCS#8', ec, ec.key, undefined],
    ['SEC 1', ec, own(ec, { type: 'sec1' }), undefined],
    ['PKCS#1', rsa, own(rsa, { type: 'pkcs1' }), undefined],
    ['encrypted PKCS#8', ec, own(ec, { type: 'pkcs8', cipher: 'aes-256-cbc', passphrase: 'secret' }), 'secret'],
    ['encrypted PKCS#8, passphrase in bytes', ec, own(ec, { type: 'pkcs8', cipher: 'aes-256-cbc', passphrase: 'sécret' }), Buffer.from('sécret')],
    ['encrypted SEC 1 of old', ec, own(ec, { type: 'sec1', cipher: 'aes-128-cbc', passphrase: 'secret' }), 'secret'],
    ['encrypted PKCS#1 of old', rsa, own(rsa, { type: 'pkcs1', cipher: 'des-ede3-cbc', passphrase: 'secret' }), 'secret'],
    ['a passphrase that is not needed', ec, ec.key, 'secret'],
    ['EC parameters before the key', ec, `-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n${own(ec, { type: 'sec1' })}`, undefined]
  ] as const) {
    for (const form of [key, Buffer.from(key), key.replaceAll('\n', '\r\n')]) {
      t.equal(memoryCredentials({ cert: issued.chain, key: form, ca: ca.root, ...(passphrase !== undefined && { passphrase }) }).current.key, issued.key, what)
    }
  }
})

test('says what stands where a key should', async (t) => {
  const encrypted = createPrivateKey(ec.key).export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'secret' }) as string
  const legacy = createPrivateKey(ec.key).export({ type: 'sec1', format: 'pem', cipher: 'aes-128-cbc', passphrase: 'secret' }) as string
  const openssh = '-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n'
  for (const [key, passphrase, reason, message] of [
    ['', undefined, 'unreadable', /key: found nothing \(an empty file or text\); expected a PEM block "PRIVATE KEY"/],
    ['a secret', undefined, 'unreadable', /found no PEM; expected/],
    [ec.key.slice(0, 100), undefined, 'unreadable', /"PRIVATE KEY" that has no end/],
    [ec.cert, undefined, 'unreadable', /found a PEM block "CERTIFICATE" and no private key/],
    [openssh, undefined, 'unreadable', /found a private key in the format of OpenSSH/],
    [createPrivateKey(ec.key).export({ type: 'pkcs8', format: 'der' }), undefined, 'unreadable', /found a private key in DER; convert it/],
    [encrypted, undefined, 'passphrase', /found an encrypted private key without a passphrase/],
    [encrypted, 'wrong', 'passphrase', /that the passphrase does not decrypt/],
    [encrypted, '', 'passphrase', /that the passphrase does not decrypt/],
    [encrypted, 'secret\n', 'passphrase', /was encrypted with; the passphrase given ends with a line break: remove it$/],
    [encrypted, Buffer.from('secret\r\n'), 'passphrase', /ends with a line break: remove it$/],
    [encrypted, 'wrong', 'passphrase', /was encrypted with$/],
    [legacy, undefined, 'passphrase', /found an encrypted private key without a passphrase/],
    [legacy, 'wrong', 'passphrase', /that the passphrase does not decrypt/]
  ] as const) {
    t.throws(() => memoryCredentials({ cert: ec.chain, key, ca: ca.root, ...(passphrase !== undefined && { passphrase }) }), { code: 'MTLS_ERR_CREDENTIALS_REFUSED', reason, message }, String(message))
  }
  const x25519 = generateKeyPairSync('x25519').privateKey.export({ type: 'pkcs8', format: 'pem' }) as string
  t.throws(() => memoryCredentials({ cert: ec.chain, key: x25519, ca: ca.root }), { code: 'MTLS_ERR_CREDENTIALS_REFUSED', reason: 'key_mismatch', message: /found a key of type x25519/ })
})

test('no error shows a key or a passphrase', async (t) => {
  const encrypted = createPrivateKey(ec.key).export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'hunter2' }) as string
  const body = (pem: string): string => (pem.split('\n')[1] as string).slice(0, 40)
  const damaged = ec.key.replace(/\n(.{40}).(.*)\n/, '\n$1\n')
  for (const [material, secret] of [
    [{ cert: ec.chain, key: rsa.key }, body(rsa.key)],
    [{ cert: ec.chain, key: damaged }, body(ec.key)],
    [{ cert: ec.chain, key: ec.key.slice(0, 150) }, body(ec.key)],
    [{ cert: ec.chain, key: ec.key + rsa.key }, body(ec.key)],
    [{ cert: ec.key, key: ec.key }, body(ec.key)],
    [{ cert: ec.chain, key: encrypted, passphrase: 'hunter3' }, 'hunter3'],
    [{ cert: ec.chain, key: encrypted, passphrase: 7 }, body(encrypted)],
    [{ cert: ec.chain, key: { pem: ec.key } }, body(ec.key)],
    [{ cert: ec.chain, key: [ec.key] }, body(ec.key)]
  ] as Array<[any, string]>) {
    let error: any
    try {
      memoryCredentials({ ...material, ca: ca.root })
    } catch (caught) {
      error = caught
    }
    t.match(error?.code, /^MTLS_ERR_CREDENTIALS_/)
    for (const text of [inspect(error, { depth: 9, showHidden: true }), JSON.stringify(error), String(error), String(error.stack)]) t.notOk(text.includes(secret))
  }
})

test('no way of showing a snapshot or a source shows the key', async (t) => {
  const { paths } = await makeFolder(t)
  for (const source of [memoryCredentials({ cert: ec.chain, key: ec.key, ca: ca.root }), await fileCredentials(paths)]) {
    const { current } = source
    const secret = ((current.key as string).split('\n')[1] as string).slice(0, 40)
    for (const value of [current, secureContextOptions(current), { tls: secureContextOptions(current) }, { ...current }, { nested: { current } }, [current], source, Object.assign({}, current)]) {
      for (const text of [
        inspect(value, { depth: 9, showHidden: true }), inspect(value, { depth: 9, showHidden: true, getters: true }),
        JSON.stringify(value), String(value)
      ]) t.notOk(text.includes(secret))
    }
    t.notOk(Object.getOwnPropertyNames(current).includes('key'))
    t.match(inspect(current), /CredentialSnapshot .*generation: 1/s)
    t.match(JSON.parse(JSON.stringify(current)), { generation: 1, trustEpoch: 1, key: '[redacted]', revocation: false })
    t.throws(() => { (current as any).key = 'x' }, TypeError)
    t.throws(() => { (current as any).generation = 2 }, TypeError)
    await source.close()
  }
})

test('a key in place of a path or a choice is not shown', async (t) => {
  const base64 = Buffer.from(ec.key).toString('base64')
  const raw = ec.key.split('\n').slice(1, -2).join('')
  const { paths } = await makeFolder(t)
  for (const secret of [ec.key, base64, raw.repeat(2), ec.key.split('\n').slice(1).join('\n')]) {
    for (const change of [{ key: secret }, { cert: secret }, { ca: secret }, { crl: [secret] }, { use: secret }, { chain: secret }, { watch: secret }]) {
      const error = await fileCredentials({ ...paths, ...change } as any).then(() => undefined, (caught: unknown) => caught)
      t.match(error, { code: 'MTLS_ERR_CREDENTIALS_OPTION' })
      t.notOk(inspect(error, { depth: 9 }).includes(secret.slice(30, 60)), Object.keys(change).join())
    }
  }
})

test('a wrong passphrase is named as such, whatever it decrypts to', async (t) => {
  const key = createPrivateKey(ec.key)
  const told = new Set<string>()
  // One in some hundreds decrypts to bytes that have the form of a key of another kind.
  for (let index = 0; index < 1_500; index++) {
    const encrypted = key.export({ format: 'pem', type: 'sec1', cipher: 'aes-128-cbc', passphrase: `secret ${index}` }) as string
    try {
      memoryCredentials({ cert: ec.chain, key: encrypted, passphrase: 'wrong', ca: ca.root })
    } catch (error) {
      told.add((error as Error).message.replace(/\(\w+\)/, '(…)'))
    }
  }
  t.strictSame([...told], [
    'Credentials refused: key: found an encrypted private key that the passphrase does not decrypt (…); ' +
    'expected the passphrase that it was encrypted with'
  ])
})
