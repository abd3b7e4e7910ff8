import { test } from 'tap'
import { createDevCa } from '@peerkit/dev-ca'
import { memoryCredentials } from '../../src/index.ts'
import { makeSelfSigned, openssl } from '../support/openssl.ts'

const ca = await createDevCa()

async function makeEc (curve: string): Promise<{ cert: string, key: string }> {
  const key = (await openssl({}, ['ecparam', '-name', curve, '-genkey', '-noout', '-out', 'out.pem'])).toString()
  const cert = (await openssl({ 'key.pem': key }, ['req', '-x509', '-key', 'key.pem', '-subj', '/CN=weak', '-days', '5', '-out', 'out.pem'])).toString()
  return { cert, key }
}

async function makeDsa (): Promise<{ cert: string, key: string }> {
  const parameters = await openssl({}, ['dsaparam', '-out', 'out.pem', '1024'])
  const key = (await openssl({ 'params.pem': parameters }, ['gendsa', '-out', 'out.pem', 'params.pem'])).toString()
  const cert = (await openssl({ 'key.pem': key }, ['req', '-x509', '-key', 'key.pem', '-subj', '/CN=weak', '-days', '5', '-out', 'out.pem'])).toString()
  return { cert, key }
}

const PSS = ['-newkey', 'rsa-pss', '-pkeyopt', 'rsa_keygen_bits:2048']
const WEAK: ReadonlyArray<readonly [string, () => Promise<{ cert: string, key: string }>, RegExp]> = [
  ['RSA of 1024 bits', async () => await makeSelfSigned('-newkey', 'rsa:1024'), /found RSA of 1024 bits; expected RSA of 2048 bits/],
  ['RSA-PSS of 1024 bits', async () => await makeSelfSigned('-newkey', 'rsa-pss', '-pkeyopt', 'rsa_keygen_bits:1024'), /found RSA of 1024 bits/],
  ['SHA-1', async () => await makeSelfSigned('-newkey', 'rsa:2048', '-sha1'), /found SHA-1 with RSA; expected SHA-256/],
  ['MD5', async () => await makeSelfSigned('-newkey', 'rsa:2048', '-md5'), /found MD5 with RSA/],
  ['ECDSA with SHA-1', async () => await makeSelfSigned('-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-sha1'), /found ECDSA with SHA-1/],
  ['RIPEMD-160, which is not known here', async () => await makeSelfSigned('-newkey', 'rsa:2048', '-ripemd160'), /found the algorithm 1\.3\.36\.3\.3\.1\.2/],
  ['RSASSA-PSS with SHA-1', async () => await makeSelfSigned(...PSS, '-sha1', '-sigopt', 'rsa_padding_mode:pss'), /found RSASSA-PSS with SHA-1/],
  ['P-224', async () => await makeEc('secp224r1'), /found EC on secp224r1; expected .* EC of 256 bits/],
  ['P-192', async () => await makeEc('prime192v1'), /found EC on prime192v1/],
  ['DSA', makeDsa, /found a key of type dsa/]
]

for (const [what, make, message] of WEAK) {
  test(`refuses a certificate with ${what}`, async (t) => {
    const own = await make()
    t.throws(() => memoryCredentials({ ...own, ca: ca.root }), { code: 'MTLS_ERR_CREDENTIALS_REFUSED', reason: 'weak', message })
  })
}

const STRONG: ReadonlyArray<readonly [string, () => Promise<{ cert: string, key: string }>]> = [
  ['RSA with SHA-256', async () => await makeSelfSigned('-newkey', 'rsa:2048')],
  ['RSA with SHA-384', async () => await makeSelfSigned('-newkey', 'rsa:2048', '-sha384')],
  ['RSA with SHA3-256', async () => await makeSelfSigned('-newkey', 'rsa:2048', '-sha3-256')],
  ['RSASSA-PSS with SHA-256', async () => await makeSelfSigned(...PSS, '-sha256', '-sigopt', 'rsa_padding_mode:pss')],
  ['P-256', async () => await makeEc('prime256v1')],
  ['P-521', async () => await makeEc('secp521r1')],
  ['Ed25519', async () => await makeSelfSigned('-newkey', 'ed25519')]
]

for (const [what, make] of STRONG) {
  test(`takes a certificate with ${what}`, async (t) => {
    const source = memoryCredentials({ ...await make(), ca: ca.root })
    // openssl req makes CA certificates: peers may refuse those, so that is said.
    t.match(source.current.warnings, [/is a CA certificate; peers may refuse it as a leaf/, /the chain ends at .*, which is not in ca/])
  })
}

test('a weak key makes no anchor, but a root may have signed itself with SHA-1', async (t) => {
  const { chain, key } = await ca.issue()
  const own = { cert: chain, key }
  const weakRoot = await makeSelfSigned('-newkey', 'rsa:1024')
  const sha1Root = await makeSelfSigned('-newkey', 'rsa:2048', '-sha1')
  t.throws(() => memoryCredentials({ ...own, ca: weakRoot.cert }), { code: 'MTLS_ERR_CREDENTIALS_REFUSED', message: /ca: the key of .* is too weak/ })
  t.equal(memoryCredentials({ ...own, ca: sha1Root.cert }).current.anchors.length, 1)
})
