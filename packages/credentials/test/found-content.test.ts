import { createPrivateKey } from 'node:crypto'
import { inspect } from 'node:util'
import { test } from 'tap'
import { createDevCa } from '@peerkit/dev-ca'
import { memoryCredentials } from '../src/index.ts'

const [ca, other] = [await createDevCa(), await createDevCa({ name: 'Other' })]
const leaf = await ca.issue({ cn: 'leaf' })
const base = { cert: leaf.chain, key: leaf.key, ca: ca.root }
const BOM = '\ufeff'
const utf16 = (text: string): Buffer => Buffer.from(BOM + text, 'utf16le')
const literal = (text: string): string => text.replaceAll('\n', '\\n')

test('a byte order mark is skipped, at the start and between files', async (t) => {
  for (const form of [(text: string) => text, (text: string) => Buffer.from(text)]) {
    const { current } = memoryCredentials({
      cert: form(BOM + leaf.chain),
      key: form(BOM + leaf.key),
      ca: form(BOM + ca.root + BOM + other.root),
      crl: form(BOM + (await ca.crl()).pem)
    })
    t.equal(current.anchors.length, 2)
    t.equal(current.key, leaf.key)
    t.equal(current.authorities[0]?.revocation === undefined, false)
  }
  t.equal(memoryCredentials({ ...base, cert: BOM + leaf.key + BOM + leaf.chain, key: undefined }).current.key, leaf.key)
})

test('line breaks may be spaces, and lines may be indented, in a key as in a certificate', async (t) => {
  const encrypted = createPrivateKey(leaf.key).export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'secret' }) as string
  const legacy = createPrivateKey(leaf.key).export({ type: 'sec1', format: 'pem', cipher: 'aes-128-cbc', passphrase: 'secret' }) as string
  for (const key of [leaf.key.replaceAll('\n', ' '), leaf.key.replace(/^/gm, '    '), encrypted.replaceAll('\n', ' '), legacy.replace(/^/gm, '  '), JSON.stringify(leaf.key).replaceAll('\\n', '\n')]) {
    t.equal(memoryCredentials({ ...base, key, passphrase: 'secret' }).current.key, leaf.key)
  }
})

test('what stands in place of PEM is named, and none of it is shown', async (t) => {
  const jks = Buffer.from('feedfeed0000000200000001', 'hex')
  const page = '<!doctype html><p>hunter2'
  const openssh = '-----BEGIN OPENSSH PRIVATE KEY-----\nhunter2\n-----END OPENSSH PRIVATE KEY-----\n'
  for (const [change, message] of [
    [{ cert: leaf.key, key: leaf.chain }, /cert: found a private key here and a certificate in key: they are swapped/],
    [{ ca: utf16(ca.root) }, /ca: found UTF-16 text; save it as UTF-8; expected PEM certificates/],
    [{ cert: utf16(leaf.chain) }, /cert: found UTF-16 text/],
    [{ key: utf16(leaf.key) }, /key: found UTF-16 text/],
    [{ ca: literal(ca.root) }, /ca: .*the two characters "\\n" where lines should end/],
    [{ key: literal(leaf.key) }, /key: .*the two characters "\\n" where lines should end/],
    [{ ca: jks }, /ca: found a Java keystore \(JKS\); convert it to PKCS#12 with `keytool/],
    [{ cert: jks }, /cert: found a Java keystore/],
    [{ key: jks }, /key: found a Java keystore/],
    [{ cert: undefined, key: undefined, pfx: jks }, /pfx: found no PKCS#12 but a Java keystore/],
    [{ cert: undefined, key: undefined, pfx: Buffer.from(leaf.chain) }, /pfx: found no PKCS#12 but PEM \(expected in cert and key\)/],
    [{ cert: undefined, key: undefined, pfx: Buffer.from(page) }, /pfx: found no PKCS#12 but an HTML or XML page/],
    [{ key: openssh }, /key: found a private key in the format of OpenSSH; convert a copy of it with `ssh-keygen -p -m PKCS8/],
    [{ cert: openssh }, /cert: found a PEM block "OPENSSH PRIVATE KEY" and no certificate/],
    [{ ca: '' }, /ca: found nothing \(an empty file or text\); expected PEM certificates/],
    [{ ca: '\n' }, /ca: found only white space/],
    [{ key: '' }, /key: found nothing/],
    [{ ca: page }, /ca: found an HTML or XML page; expected PEM certificates/],
    [{ key: page }, /key: found an HTML or XML page/],
    [{ ca: Buffer.from(ca.root).toString('base64') }, /ca: found base64 of PEM; decode it first/],
    [{ key: Buffer.from(leaf.key).toString('base64') }, /key: found base64 of PEM/],
    [{ ca: leaf.key }, /ca: found a PEM block "PRIVATE KEY" and no certificate/],
    [{ ca: ca.root + other.root.replace('-----BEGIN', '----BEGIN') }, /ca: .*a boundary is misspelt/]
  ] as const) {
    let error: any
    try {
      memoryCredentials({ ...base, ...change } as any)
    } catch (caught) {
      error = caught
    }
    t.match(error, { code: 'MTLS_ERR_CREDENTIALS_REFUSED', reason: 'unreadable', message }, String(message))
    const secret = leaf.key.split('\n')[1] as string
    for (const text of [inspect(error, { depth: 9 }), JSON.stringify(error)]) {
      t.notMatch(text, /hunter2/)
      t.notOk(text.includes(secret))
    }
  }
})

test('text that starts with the digit 0 is not taken for DER', async (t) => {
  t.equal(memoryCredentials({ ...base, ca: Buffer.from(`0 s:CN = Root\n${ca.root}`) }).current.anchors.length, 1)
})
