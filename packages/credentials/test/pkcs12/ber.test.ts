import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'tap'
import { memoryCredentials } from '../../src/index.ts'
import { toDer } from '../../src/pkcs12/ber-to-der.ts'

const FIXTURES = join(import.meta.dirname, 'fixtures')
/** When the files were made by BouncyCastle 1.72. */
const clock = { now: () => Date.parse('2026-11-29T00:00:00Z'), schedule: () => () => {} }

test('reads PKCS#12 as BouncyCastle writes it, with indefinite lengths', async (t) => {
  const ca = await readFile(join(FIXTURES, 'ca.pem'))
  const pfx = await readFile(join(FIXTURES, 'bouncycastle.p12'))
  t.equal(pfx[1], 0x80)
  const { current } = memoryCredentials({ pfx, passphrase: 'secret', ca, clock })
  t.equal(current.identity.commonName, 'bc')
  t.equal(current.intermediates.length, 1)
  t.throws(() => memoryCredentials({ pfx, passphrase: 'wrong', ca, clock }), { code: 'MTLS_ERR_CREDENTIALS_REFUSED', reason: 'passphrase' })
  t.throws(() => memoryCredentials({ pfx: pfx.subarray(0, -2), passphrase: 'secret', ca, clock }), { code: 'MTLS_ERR_CREDENTIALS_REFUSED', reason: 'unreadable' })
  const old = await readFile(join(FIXTURES, 'bouncycastle-rc2.p12'))
  t.throws(() => memoryCredentials({ pfx: old, passphrase: 'secret', ca, clock }), {
    code: 'MTLS_ERR_CREDENTIALS_REFUSED', reason: 'unreadable', message: /an obsolete cipher \(RC2 or DES\), which OpenSSL 3 does not decrypt; .*`openssl pkcs12 -legacy/
  })
})

test('rewrites lengths and octet strings alone', async (t) => {
  const rewrite = (hex: string): string => Buffer.from(toDer(Buffer.from(hex, 'hex'))).toString('hex')
  t.equal(rewrite('3003020101'), '3003020101')
  t.equal(rewrite('30800201010000'), '3003020101')
  t.equal(rewrite('308103020101'), '3003020101', 'a length of more octets than it needs')
  t.equal(rewrite('248004020102040103' + '0000'), '0403010203')
  t.equal(rewrite('24800480'.slice(0, 4) + '24040402aabb' + '0401cc' + '0000'), '0403aabbcc', 'pieces of pieces')
  t.equal(rewrite('3180a080020101' + '0000' + '0000'), '3105a003020101')
  t.equal(rewrite(`3082012c0482012800${'00'.repeat(295)}`), `3082012c04820128${'00'.repeat(296)}`)
})

test('refuses what is no BER', async (t) => {
  for (const [hex, reason] of [
    ['', 'truncated'], ['30', 'truncated'], ['3080', 'truncated'], ['3080020101', 'truncated'], ['308002010100', 'truncated'],
    ['0480', 'length_indefinite'], ['3005020101', 'truncated'], ['300302010100', 'trailing_data'], ['0000', 'tag_unsupported'],
    ['1f0100', 'tag_unsupported'], ['248002010100' + '00', 'tag_unexpected'], ['3085000000000100', 'too_large'], ['3082', 'truncated'],
    ['3002020500', 'truncated'], ['3080'.repeat(40), 'too_deep']
  ] as const) {
    t.throws(() => toDer(Buffer.from(hex, 'hex')), { code: 'MTLS_ERR_DER_INVALID', reason }, hex)
  }
})
