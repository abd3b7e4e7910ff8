import { test } from 'tap'
import { createDevCa } from '@peerkit/dev-ca'
import { memoryCredentials } from '../../src/index.ts'
import { checkUsable } from '../../src/material/check-own.ts'

const ca = await createDevCa()

test("what OpenSSL does not take is refused, in OpenSSL's words and without the key", async (t) => {
  const [own, other] = [await ca.issue(), await ca.issue()]
  t.doesNotThrow(() => { checkUsable({ cert: own.chain, key: own.key, ca: [ca.root] }, 'cert') })
  t.throws(() => { checkUsable({ cert: own.chain, key: other.key, ca: [ca.root] }, 'cert') },
    { code: 'MTLS_ERR_CREDENTIALS_REFUSED', reason: 'unusable', message: /cert: OpenSSL rejects it: found ERR_OSSL_X509_KEY_VALUES_MISMATCH/ })
})

test('a key usage without digitalSignature is warned of', async (t) => {
  // keyUsage: keyEncipherment alone.
  const odd = await ca.issue({ key: 'rsa-2048', extensions: [{ oid: '2.5.29.15', critical: true, value: Buffer.from('03020520', 'hex') }] })
  t.match(memoryCredentials({ cert: odd.chain, key: odd.key, ca: ca.root }).current.warnings, [/^cert: the key usage of .* lacks digitalSignature; peers may refuse it in TLS 1\.3$/])
})
