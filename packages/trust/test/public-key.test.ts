import { generateKeyPairSync } from 'node:crypto'
import { test } from 'tap'
import { readAlgorithmPolicy } from '../src/certificate/algorithm-policy.ts'
import type { AlgorithmPolicy } from '../src/certificate/algorithm-policy.ts'
import { readPublicKeyKind } from '../src/certificate/public-key.ts'
import { NULL, element, integer, oid, sequence } from '@peerkit/test-support/der'
import { Party, RSA_SHA256, newKeys } from '@peerkit/test-support/mint'
import { outcome } from './support/validate.ts'

const rsaKey = (modulus: Uint8Array, exponent: Uint8Array = integer(65537)): Buffer =>
  sequence(
    sequence(oid('1.2.840.113549.1.1.1'), NULL), element(0x03, Buffer.from([0]), sequence(element(0x02, modulus), exponent))
  )
const modulus = (octets: number, first = 0x80): Buffer =>
  Buffer.concat([Buffer.from(first >= 0x80 ? [0, first] : [first]), Buffer.alloc(octets - 1, 0xff)])
const flaw = (info: Uint8Array, policy: AlgorithmPolicy = {}): string =>
  readAlgorithmPolicy(policy).findKeyFlaw(readPublicKeyKind(info)) ?? 'none'

test('RSA keys have 2048 to 16384 bits, or as the policy says, and an odd exponent above 1', async (t) => {
  t.equal(flaw(rsaKey(modulus(256))), 'none')
  t.equal(flaw(rsaKey(modulus(1024))), 'none')
  t.match(flaw(rsaKey(modulus(128))), /^RSA key of 1024 bits/)
  t.equal(flaw(rsaKey(modulus(128)), { minRsaBits: 1_024 }), 'none')
  t.match(flaw(rsaKey(modulus(1025)), { maxRsaBits: 8_192 }), /^RSA key of 8200 bits/)
  t.equal(flaw(rsaKey(modulus(257, 0x01))), 'none', '2049 bits')
  t.match(flaw(rsaKey(modulus(2049))), /^RSA key of 16392 bits/)
  t.match(flaw(rsaKey(modulus(256).subarray(1))), /negative/)
  t.match(flaw(rsaKey(modulus(256), integer(1))), /exponent/)
  t.match(flaw(rsaKey(modulus(256), integer(4))), /exponent/)
  t.match(flaw(rsaKey(modulus(256), element(0x02, Buffer.alloc(9, 0x7f)))), /exponent/, 'one that makes verifying slow')
})

test('every named curve of 224 bits and more counts, unless the policy names some', async (t) => {
  const infoOf = (curve: string): Buffer => newKeys(curve).publicKey.export({ type: 'spki', format: 'der' })
  for (const curve of ['prime256v1', 'secp384r1', 'secp521r1', 'secp256k1', 'brainpoolP256r1', 'sect283k1']) {
    t.equal(flaw(infoOf(curve)), 'none', curve)
  }
  t.equal(
    flaw(infoOf('secp256k1'), { curves: ['prime256v1'] }), 'key on the elliptic curve secp256k1; expected prime256v1'
  )
  t.match(flaw(infoOf('prime192v1')), /elliptic curve/)
  t.throws(
    () => readAlgorithmPolicy({ curves: ['P-256'] }), { code: 'MTLS_ERR_PATH_OPTION' }, 'names are those of node:crypto'
  )
  t.throws(() => readAlgorithmPolicy({ signatures: [] }), { code: 'MTLS_ERR_PATH_OPTION' })
  t.throws(() => readAlgorithmPolicy({ minRsaBits: 512 }), { code: 'MTLS_ERR_PATH_OPTION' })
  const explicit = generateKeyPairSync('ec', { namedCurve: 'P-256', paramEncoding: 'explicit' }).publicKey.export({
    type: 'spki', format: 'der'
  })
  t.equal(flaw(explicit), 'key on an elliptic curve without a name', 'CVE-2020-0601')
})

test('other kinds of keys are refused, EdDSA with parameters too', async (t) => {
  t.match(
    flaw(generateKeyPairSync('x25519').publicKey.export({ type: 'spki', format: 'der' })), /key of type 1\.3\.101\.110/
  )
  t.equal(flaw(generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'der' })), 'none')
  t.match(flaw(sequence(sequence(oid('1.3.101.112'), NULL), element(0x03, Buffer.alloc(33)))), /parameters/)
})

test('a weak key is refused in a leaf, in an intermediate and in an anchor', async (t) => {
  const weak = generateKeyPairSync('rsa', { modulusLength: 1024 })
  const [root, ca] = [new Party('CN=root'), new Party('CN=ca', { keys: weak, signing: RSA_SHA256 })]
  t.equal(outcome(root.issue('CN=weak', { keys: weak }), [], [root.root()]), 'key_refused')
  t.equal(outcome(ca.issue(), [root.certify(ca)], [root.root()]), 'key_refused')
  t.equal(outcome(ca.issue(), [], [ca.root()]), 'key_refused')
})

test('a key that node:crypto cannot read is refused', async (t) => {
  const root = new Party('CN=root')
  const good = root.root()
  const point = root.keys.publicKey.export({ type: 'spki', format: 'der' }).subarray(-64)
  const broken = Buffer.from(good)
  broken.set(Buffer.alloc(64, 0x11), broken.indexOf(point))
  t.equal(outcome(root.issue(), [], [broken]), 'key_refused')
})
