import { execFile } from 'node:child_process'
import { mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { test } from 'tap'
import { createDevCa } from '@peerkit/dev-ca'
import { memoryCredentials } from '../src/index.ts'
import { openssl } from './support/openssl.ts'

const run = promisify(execFile)
const [ca, other] = [await createDevCa(), await createDevCa({ name: 'Other' })]
const leaf = await ca.issue({ cn: 'leaf', key: 'rsa-2048' })
const base = { cert: leaf.chain, key: leaf.key, ca: ca.root, passphrase: 'secret' }
const LEGACY = ['-provider', 'legacy', '-provider', 'default']

async function write (content: string, args: readonly string[]): Promise<Buffer> {
  return await openssl({ 'in.pem': content }, [...args, '-out', 'out.pem'])
}

test('no CA of a bundle is left out because of the block that it is in', async (t) => {
  const trusted = await write(other.root, ['x509', '-in', 'in.pem', '-trustout', '-addtrust', 'serverAuth'])
  const pkcs7 = await write(other.root, ['crl2pkcs7', '-nocrl', '-certfile', 'in.pem'])
  const pkcs7Der = await write(other.root, ['crl2pkcs7', '-nocrl', '-certfile', 'in.pem', '-outform', 'DER'])
  const der = await write(other.root, ['x509', '-in', 'in.pem', '-outform', 'DER'])
  const request = await write(leaf.key, ['req', '-new', '-key', 'in.pem', '-subj', '/CN=x'])
  const source = memoryCredentials({ ...base, ca: ca.root + other.root })
  for (const [content, message] of [
    [trusted, /ca: .*"TRUSTED CERTIFICATE".*openssl x509/], [pkcs7, /ca: .*"PKCS7".*openssl pkcs7/],
    [request, /ca: .*"CERTIFICATE REQUEST": it is a signing request/]
  ] as const) {
    for (const bundle of [content, [ca.root, content], ca.root + content.toString()]) {
      const refusal = { code: 'MTLS_ERR_CREDENTIALS_REFUSED', reason: 'unreadable', message }
      t.throws(() => memoryCredentials({ ...base, ca: bundle }), refusal)
      t.throws(() => source.update({ ca: bundle }), refusal)
      t.throws(() => memoryCredentials({ ...base, intermediates: bundle }), { code: 'MTLS_ERR_CREDENTIALS_REFUSED', message: /intermediates: / })
      t.equal(source.current.anchors.length, 2)
    }
  }
  t.throws(() => memoryCredentials({ ...base, ca: der }), { code: 'MTLS_ERR_CREDENTIALS_REFUSED', message: /found DER; convert it with `openssl x509 -inform DER/ })
  t.throws(() => memoryCredentials({ ...base, ca: pkcs7Der }), { code: 'MTLS_ERR_CREDENTIALS_REFUSED', message: /found PKCS#7 in DER; convert it with/ })
  t.throws(() => memoryCredentials({ ...base, cert: request }), { code: 'MTLS_ERR_CREDENTIALS_REFUSED', message: /cert: .*"CERTIFICATE REQUEST": it is a signing request/ })
  const former = other.root.replaceAll('CERTIFICATE', 'X509 CERTIFICATE')
  t.equal(memoryCredentials({ ...base, ca: ca.root + former }).current.anchors.length, 2)
})

test('a key with a cipher that OpenSSL 3 has put aside is named, with the command that converts it', async (t) => {
  for (const [cipher, args] of [
    ['DES-CBC', ['rsa', '-in', 'in.pem', '-traditional', '-des']],
    ['PBE-MD5-DES', ['pkcs8', '-topk8', '-in', 'in.pem', '-v1', 'PBE-MD5-DES']],
    ['PBE-SHA1-DES', ['pkcs8', '-topk8', '-in', 'in.pem', '-v1', 'PBE-SHA1-DES']],
    ['PBE-SHA1-RC2-40', ['pkcs8', '-topk8', '-in', 'in.pem', '-v1', 'PBE-SHA1-RC2-40']],
    ['PBE-SHA1-RC4-128', ['pkcs8', '-topk8', '-in', 'in.pem', '-v1', 'PBE-SHA1-RC4-128']],
    ['DES-CBC', ['pkcs8', '-topk8', '-in', 'in.pem', '-v2', 'des']],
    ['RC2-CBC', ['pkcs8', '-topk8', '-in', 'in.pem', '-v2', 'rc2']]
  ] as const) {
    const key = await write(leaf.key, [...args, ...LEGACY, '-passout', 'pass:secret'])
    for (const passphrase of ['secret', 'wrong']) {
      try {
        memoryCredentials({ ...base, key, passphrase })
        t.fail(cipher)
      } catch (error) {
        const { message, reason } = error as Error & { reason: string }
        t.equal(reason, 'unreadable')
        t.ok(message.includes(`found a private key encrypted with ${cipher}, which OpenSSL 3 does not decrypt`), message)
        t.notMatch(message, /secret|wrong/)
        const command = /`openssl (.*)`/.exec(message)?.[1]?.split(' ') ?? []
        const folder = await mkdtemp(join(tmpdir(), 'peerkit-convert-'))
        await writeFile(join(folder, 'old.key'), key)
        await run('openssl', [...command, '-passin', 'pass:secret', '-passout', 'pass:secret'], { cwd: folder })
        const converted = await readFile(join(folder, 'new.key'))
        t.equal(memoryCredentials({ ...base, key: converted }).current.key, leaf.key, 'the command converts it')
      }
    }
  }
})

test('a private key in DER is named', async (t) => {
  const der = await write(leaf.key, ['pkcs8', '-topk8', '-nocrypt', '-in', 'in.pem', '-outform', 'DER'])
  t.throws(() => memoryCredentials({ ...base, key: der }), { code: 'MTLS_ERR_CREDENTIALS_REFUSED', message: /key: found a private key in DER; convert it with `openssl pkey/ })
})
