import { test } from 'tap'
import { createDevCa } from '@peerkit/dev-ca'
import { memoryCredentials } from '../src/index.ts'
import { openssl } from './support/openssl.ts'

const ca = await createDevCa()
const ec = await ca.issue({ cn: 'ec' })

test('keys that OpenSSL writes today and wrote before are opened', async (t) => {
  for (const args of [['pkcs8', '-topk8', '-v2', 'aes-256-cbc'], ['pkcs8', '-topk8', '-v2', 'aes-128-cbc', '-scrypt'], ['pkcs8', '-topk8', '-v1', 'PBE-SHA1-3DES'], ['ec', '-aes256']]) {
    const key = (await openssl({ 'key.pem': ec.key }, [...args, '-in', 'key.pem', '-passout', 'pass:secret', '-out', 'out.pem'])).toString()
    t.match(key, /ENCRYPTED/)
    t.equal(memoryCredentials({ cert: ec.chain, key, ca: ca.root, passphrase: 'secret' }).current.key, ec.key, args.join(' '))
  }
})
