import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'tap'
import { createDevCa } from '@peerkit/dev-ca'
import type { IssuedCertificate, KeyType } from '@peerkit/dev-ca'
import { fileCredentials, memoryCredentials, secureContextOptions } from '../../src/index.ts'
import { openssl } from '../support/openssl.ts'
import { makeFolder, nextChange } from '../support/world.ts'

const ca = await createDevCa()
const intermediate = await ca.intermediate()
const LEGACY = ['-keypbe', 'PBE-SHA1-3DES', '-certpbe', 'PBE-SHA1-3DES', '-macalg', 'sha1']

async function makePfx ({ cert, key }: IssuedCertificate, { more = intermediate.certificate, passphrase = 'hunter2', args = [] }: { more?: string, passphrase?: string, args?: string[] } = {}): Promise<Buffer> {
  return await openssl({ 'key.pem': key, 'cert.pem': cert, 'more.pem': more },
    ['pkcs12', '-export', '-inkey', 'key.pem', '-in', 'cert.pem', ...(more === '' ? [] : ['-certfile', 'more.pem']), '-passout', `pass:${passphrase}`, '-out', 'out.p12', ...args], 'out.p12')
}

for (const [what, key, args] of [
  ['AES, as OpenSSL 3 writes it', 'ec-p256', []],
  ['an RSA key', 'rsa-2048', []],
  ['an Ed25519 key', 'ed25519', []],
  ['3DES and SHA-1, as older tools write it', 'ec-p256', LEGACY],
  ['AES-128 and a MAC by SHA-512', 'ec-p256', ['-keypbe', 'AES-128-CBC', '-certpbe', 'AES-128-CBC', '-macalg', 'sha512']],
  ['AES-192', 'ec-p256', ['-keypbe', 'AES-192-CBC', '-certpbe', 'AES-192-CBC']],
  ['3DES in PBES2', 'ec-p256', ['-keypbe', 'DES-EDE3-CBC', '-certpbe', 'DES-EDE3-CBC']],
  ['nothing encrypted', 'ec-p256', ['-keypbe', 'NONE', '-certpbe', 'NONE']],
  ['many iterations', 'ec-p256', ['-iter', '20000']]
] as Array<[string, KeyType, string[]]>) {
  test(`reads PKCS#12 with ${what}`, async (t) => {
    const issued = await intermediate.issue({ cn: 'from pfx', key })
    const pfx = await makePfx(issued, { args })
    const { current } = memoryCredentials({ pfx, passphrase: 'hunter2', ca: ca.root, chain: 'required' })
    t.equal(current.cert, issued.chain, 'leaf, then intermediate')
    t.equal(current.key, issued.key)
    t.same(secureContextOptions(current).ca, [ca.root])
  })
}

test('puts the certificates in order, leaves roots and strangers out, and trusts none of them', async (t) => {
  const low = await (await ca.intermediate({ name: 'Upper', pathLength: 1 })).intermediate({ name: 'Lower' })
  const issued = await low.issue({ cn: 'deep' })
  const upper = low.chain.slice(low.certificate.length)
  const other = await createDevCa({ name: 'Other' })
  const pfx = await makePfx(issued, { more: ca.root + other.root + upper + intermediate.certificate + low.certificate })
  const { current } = memoryCredentials({ pfx, passphrase: 'hunter2', ca: other.root })
  t.equal(current.cert, issued.chain)
  t.same(current.ca, [other.root])
})

test('takes a passphrase that is empty or beyond ASCII, as text or bytes', async (t) => {
  const issued = await ca.issue({ cn: 'x' })
  for (const passphrase of ['', 'pässwörd €']) {
    for (const args of [[], LEGACY]) {
      const pfx = await makePfx(issued, { more: '', passphrase, args })
      for (const given of passphrase === '' ? [passphrase, undefined] : [passphrase, Buffer.from(passphrase)]) {
        t.equal(memoryCredentials({ pfx, passphrase: given, ca: ca.root }).current.key, issued.key)
      }
    }
  }
})

test('refuses what it cannot open, and names the cause', async (t) => {
  const issued = await ca.issue({ cn: 'x' })
  const pfx = await makePfx(issued)
  const onlyCertificate = await openssl({ 'cert.pem': issued.cert }, ['pkcs12', '-export', '-nokeys', '-in', 'cert.pem', '-passout', 'pass:hunter2', '-out', 'out.p12'], 'out.p12')
  const rc2 = await makePfx(issued, { args: ['-legacy', '-certpbe', 'PBE-SHA1-RC2-40'] })
  for (const [what, given, passphrase, reason, message] of [
    ['a wrong passphrase', pfx, 'hunter3', 'passphrase', /pfx: found PKCS#12 that the passphrase does not decrypt/],
    ['a line break behind it', pfx, 'hunter2\n', 'passphrase', /it was made with; the passphrase given ends with a line break: remove it$/],
    ['no passphrase', pfx, undefined, 'passphrase', /does not decrypt/],
    ['nothing', Buffer.alloc(0), 'hunter2', 'unreadable', /found nothing/],
    ['half of it', pfx.subarray(0, pfx.length / 2), 'hunter2', 'unreadable', /found no PKCS#12/],
    ['PEM', Buffer.from(issued.chain), 'hunter2', 'unreadable', /found no PKCS#12/],
    ['no key', onlyCertificate, 'hunter2', 'unreadable', /found 0 private keys|found no PKCS#12/],
    ['a cipher out of use', rc2, 'hunter2', 'unreadable', /an obsolete cipher/]
  ] as const) {
    t.throws(() => memoryCredentials({ pfx: given, ca: ca.root, ...(passphrase !== undefined && { passphrase }) }), { code: 'MTLS_ERR_CREDENTIALS_REFUSED', reason, message }, what)
  }
  t.throws(() => memoryCredentials({ pfx, passphrase: 'hunter2', cert: issued.cert, ca: ca.root }), { code: 'MTLS_ERR_CREDENTIALS_OPTION', message: /cert and pfx are both set/ })
  t.throws(() => memoryCredentials({ pfx, passphrase: 'hunter2', key: issued.key, ca: ca.root }), { code: 'MTLS_ERR_CREDENTIALS_OPTION', message: /key and pfx are both set/ })
  t.throws(() => memoryCredentials({ pfx: 'file.p12' as unknown as Buffer, ca: ca.root }), { code: 'MTLS_ERR_CREDENTIALS_OPTION', message: /pfx is a string of 8 characters; expected PKCS#12 as a Buffer/ })
})

test('a single damaged octet is never taken for good', async (t) => {
  const pfx = await makePfx(await intermediate.issue({ cn: 'x' }))
  for (let at = 5; at < pfx.length; at += 41) {
    const damaged = Buffer.from(pfx)
    damaged[at] = (damaged[at] as number) ^ 0x41
    t.throws(() => memoryCredentials({ pfx: damaged, passphrase: 'hunter2', ca: ca.root }), { code: 'MTLS_ERR_CREDENTIALS_REFUSED' }, `octet ${at}`)
  }
})

test('is read from a file, and followed', async (t) => {
  const { folder, paths } = await makeFolder(t)
  const path = join(folder, 'own.p12')
  const [first, second] = [await ca.issue({ cn: 'first' }), await ca.issue({ cn: 'second' })]
  await writeFile(path, await makePfx(first, { more: '' }))
  await t.rejects(fileCredentials({ pfx: path, ca: paths.ca, passphrase: async () => 'wrong' }), { reason: 'passphrase', message: /pfx \(.*own\.p12\)/ })
  const source = await fileCredentials({ pfx: path, ca: paths.ca, passphrase: async () => Buffer.from('hunter2') })
  t.equal(source.current.identity.subject?.commonName, 'first')
  const rotated = nextChange(source)
  await writeFile(path, await makePfx(second, { more: '' }))
  await rotated
  t.equal(source.current.identity.subject?.commonName, 'second')
  await source.close()
})

test('PEM and PKCS#12 take each other\'s place', async (t) => {
  const [first, second] = [await ca.issue({ cn: 'first' }), await ca.issue({ cn: 'second' })]
  const source = memoryCredentials({ cert: first.chain, key: first.key, ca: ca.root })
  source.update({ pfx: await makePfx(second, { more: '' }), passphrase: 'hunter2' })
  t.equal(source.current.key, second.key)
  source.update({ cert: first.chain, key: first.key })
  t.equal(source.current.key, first.key)
})
