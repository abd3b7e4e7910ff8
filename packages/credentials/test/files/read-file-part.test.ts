import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, open, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { test } from 'tap'
import { fileCredentials } from '../../src/index.ts'
import { digestCrl, digestInSlices } from '../../src/material/material.ts'
import { readFilePart } from '../../src/files/read-files.ts'
import { makeFolder } from '../support/world.ts'

test('every file that cannot be read is named with its option, what was found and what was expected', async (t) => {
  const { paths, folder, write } = await makeFolder(t)
  const at = (name: string): string => join(folder, name)
  await mkdir(at('a-folder'))
  await symlink('circle-2', at('circle-1'))
  await symlink('circle-1', at('circle-2'))
  await symlink('nowhere', at('dangling'))
  execFileSync('mkfifo', [at('pipe')])
  const server = createServer().listen(at('socket'))
  await once(server, 'listening')
  t.after(() => { server.close() })
  const huge = await open(at('huge'), 'w')
  await huge.truncate(9 << 20)
  await huge.close()
  await write('file', '')
  for (const [part, name, found, expected] of [
    ['cert', 'none', 'no such file', 'a PEM certificate'],
    ['key', 'none', 'no such file', 'a PEM private key'],
    ['ca', 'none', 'no such file', 'PEM CA certificates'],
    ['crl', 'none', 'no such file', 'a CRL, PEM or DER'],
    ['crlIssuers', 'none', 'no such file', 'PEM CA certificates'],
    ['cert', 'dangling', 'no such file', 'a PEM certificate'],
    ['key', 'a-folder', 'a directory', 'a PEM private key'],
    ['ca', 'circle-1', 'a loop of symbolic links', 'PEM CA certificates'],
    ['cert', 'file/below', 'a file instead of a folder in the path', 'a PEM certificate'],
    ['key', 'pipe', 'something that is not a regular file', 'a PEM private key'],
    ['key', 'socket', 'something that is not a regular file', 'a PEM private key'],
    ['ca', 'huge', '9437184 bytes (at most 8388608)', 'PEM CA certificates']
  ] as const) {
    const message = `Credentials unavailable: ${part} (${at(name)}): found ${found}; expected ${expected}`
    await t.rejects(fileCredentials({ ...paths, [part]: at(name) }), {
      code: 'MTLS_ERR_CREDENTIALS_UNAVAILABLE', name: 'CredentialsUnavailableError', reason: 'file', message
    }, message)
  }
  const { cert, key, ...trust } = paths
  await t.rejects(fileCredentials({ ...trust, pfx: at('none') }), { reason: 'file', message: /pfx \(.*\): found no such file; expected PKCS#12/ })
})

test('every file whose content is wrong is named in the same way', async (t) => {
  const { paths, ca, folder, issued, write } = await makeFolder(t)
  const other = await ca.issue({ cn: 'other' })
  await write('empty', '')
  await write('text', 'hello')
  await write('der', issued.der)
  await write('other.key', other.key)
  await write('both', issued.cert + issued.key + other.key)
  const at = (name: string): string => join(folder, name)
  for (const [part, name, reason, message] of [
    ['cert', 'empty', 'unreadable', /cert \(.*empty\): found nothing \(an empty file or text\); expected PEM certificates/],
    ['cert', 'text', 'unreadable', /cert \(.*text\): .*found no PEM; expected PEM certificates/],
    ['cert', 'der', 'unreadable', /cert \(.*der\): found DER; convert it with/],
    ['key', 'empty', 'unreadable', /key \(.*empty\): found nothing/],
    ['key', 'other.key', 'key_mismatch', /key \(.*other\.key\): the key does not belong to the certificate; found a key of type ec; expected the key of .*first.* from cert \(.*cert\.pem\)/],
    ['key', 'both', 'unreadable', /key \(.*both\): found 2 private keys; expected one/],
    ['ca', 'empty', 'unreadable', /ca \(.*empty\): found nothing/],
    ['ca', 'cert.pem', 'no_anchor', /ca \(.*cert\.pem\): found .*first.*, which is not a CA certificate; expected only CA certificates/],
    ['crl', 'text', 'crl', /crl \(.*text\): /],
    ['crl', 'empty', 'crl', /crl \(.*empty\): /],
    ['crlIssuers', 'text', 'unreadable', /crlIssuers \(.*text\): /]
  ] as const) {
    await t.rejects(fileCredentials({ ...paths, [part]: at(name) }), {
      code: 'MTLS_ERR_CREDENTIALS_REFUSED', name: 'CredentialsRefusedError', reason, message
    }, String(message))
  }
  const { key, ...withoutKey } = paths
  await t.rejects(fileCredentials(withoutKey), { reason: 'unreadable', message: /cert \(.*cert\.pem\): found a PEM block "CERTIFICATE" and no private key/ })
})

test('wrong options are named before any file is opened', async (t) => {
  const { paths } = await makeFolder(t)
  for (const [change, message] of [
    [{ cert: undefined }, /cert is missing; expected the path of a file, or the option pfx/],
    [{ pfx: 'x.p12' }, /cert and pfx are both set; expected either pfx, or cert and key/],
    [{ pfx: 'x.p12', cert: undefined }, /key and pfx are both set/],
    [{ key: ['a', 'b'] }, /key is a list; expected the path of one file/],
    [{ cert: [] }, /cert is an empty list; expected the path of at least one file/],
    [{ crl: [7] }, /crl is 7; expected the path of a file/],
    [{ ca: '' }, /ca is an empty string; expected the path of a file/],
    [{ ca: 'a\0b' }, /ca is .*; expected the path of a file/],
    [{ ca: {} }, /ca is an object; expected the path of a file/],
    [{ key: Buffer.from('x') }, /key is a Buffer; expected the path of a file \(memoryCredentials takes Buffers\)/],
    [{ cert: '-----BEGIN CERTIFICATE-----' }, /cert is PEM text; expected the path of a file/],
    [{ watch: 'always' }, /watch is "always"; expected true, false or "poll"/],
    [{ reportAfter: 0 }, /reportAfter is 0; expected milliseconds above 0/],
    [{ reportAfter: 2 ** 31 }, /reportAfter is 2147483648; expected milliseconds above 0 and at most 2,147,483,647/],
    // 30 days: the timer would fire after 1 ms.
    [{ pollInterval: 2_592_000_000 }, /pollInterval is 2592000000; expected milliseconds above 0 and at most 2,147,483,647/],
    [{ timeout: 3e9 }, /timeout is 3000000000; expected milliseconds above 0 and at most 2,147,483,647/],
    [{ timeout: '1s' }, /timeout is "1s"; expected milliseconds above 0/],
    [{ passphrase: 7 }, /passphrase is a number; expected a string, a Buffer or a function/],
    [{ passphrase: async () => 7 }, /passphrase function's answer is a number; expected a string or Buffer/],
    [{ certs: 'x' }, /unknown option "certs" for .*; did you mean "cert"\?/],
    [{ rejectUnauthorized: false }, /unknown option "rejectUnauthorized" for .*; expected one of cert, key, pfx/]
  ] as const) await t.rejects(fileCredentials({ ...paths, ...change } as any), { code: 'MTLS_ERR_CREDENTIALS_OPTION', message }, String(message))
  await t.rejects(fileCredentials(undefined as any), { code: 'MTLS_ERR_CREDENTIALS_OPTION', message: /options of fileCredentials is missing; expected an object/ })
  await t.rejects(fileCredentials({ ...paths, passphrase: () => { throw new Error('no vault') } }), { code: 'MTLS_ERR_CREDENTIALS_UNAVAILABLE', reason: 'passphrase', message: /the passphrase function failed: no vault/ })
})

test('a large file is read and digested whole', async (t) => {
  const { folder } = await makeFolder(t)
  const path = join(folder, 'large.crl')
  const bytes = Buffer.alloc((3 << 20) + 17, 7)
  await writeFile(path, bytes)
  const read = await readFilePart('crl', path)
  t.ok(read.equals(bytes))
  t.equal(await digestInSlices(read), digestCrl(bytes))
  bytes[bytes.length - 1] = 8
  t.not(await digestInSlices(read), await digestInSlices(bytes))
  t.equal(await digestInSlices('text'), digestCrl('text'))
})
