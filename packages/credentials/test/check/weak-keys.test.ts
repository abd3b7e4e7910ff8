// Weak keys and signatures without openssl, which weak-credentials.openssl.ts has more of.
import { generateKeyPairSync } from 'node:crypto'
import { createDevCa } from '@peerkit/dev-ca'
import { encodePem } from '@peerkit/identity'
import { NULL, oid, sequence } from '@peerkit/test-support/der'
import { Party, RSA_SHA256, newKeys } from '@peerkit/test-support/mint'
import type { Keys, Options, Signing } from '@peerkit/test-support/mint'
import { test } from 'tap'
import { memoryCredentials } from '../../src/index.ts'

const ca = await createDevCa()
const { chain, key } = await ca.issue()
const DAY = 86_400_000
const valid: Options = { notBefore: Date.now() - DAY, notAfter: Date.now() + DAY }

const RSA_SHA1: Signing = { algorithm: sequence(oid('1.2.840.113549.1.1.5'), NULL), hash: 'sha1' }
const ECDSA_SHA1: Signing = { algorithm: sequence(oid('1.2.840.10045.4.1')), hash: 'sha1' }
const rsa = (modulusLength: number): Keys => generateKeyPairSync('rsa', { modulusLength })

const WEAK_KEYS: ReadonlyArray<readonly [what: string, keys: Keys, signing: Signing | undefined]> = [
  ['RSA of 1024 bits', rsa(1024), RSA_SHA256],
  ['RSA of 2040 bits', rsa(2040), RSA_SHA256],
  ['P-224', newKeys('secp224r1'), undefined],
  ['P-192', newKeys('prime192v1'), undefined]
]
const STRONG_KEYS: typeof WEAK_KEYS = [['RSA of 2048 bits', rsa(2048), RSA_SHA256], ['P-256', newKeys(), undefined]]

function partyOf (keys: Keys, signing: Signing | undefined): Party {
  return new Party('CN=weak', { keys, ...(signing !== undefined && { signing }) })
}

for (const [what, keys, signing] of WEAK_KEYS) {
  test(`${what} makes no anchor, alone or beside others`, (t) => {
    const weak = encodePem(partyOf(keys, signing).root(valid))
    for (const anchors of [weak, [ca.root, weak], [weak, ca.root]]) {
      t.throws(() => memoryCredentials({ cert: chain, key, ca: anchors }), {
        code: 'MTLS_ERR_CREDENTIALS_REFUSED', message: /ca(?:\[\d\])?: the key of .* is too weak/
      })
    }
    const source = memoryCredentials({ cert: chain, key, ca: ca.root })
    t.throws(() => { source.update({ ca: [ca.root, weak] }) }, { code: 'MTLS_ERR_CREDENTIALS_REFUSED' }, 'nor by a rotation')
    t.equal(source.current.anchors.length, 1)
    t.end()
  })

  test(`${what} makes no certificate of our own`, (t) => {
    const pem = keys.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string
    const cert = encodePem(partyOf(keys, signing).issue('CN=own', { ...valid, keys }))
    t.throws(() => memoryCredentials({ cert, key: pem, ca: ca.root }), { code: 'MTLS_ERR_CREDENTIALS_REFUSED', reason: 'weak' })
    t.end()
  })
}

for (const [what, keys, signing] of STRONG_KEYS) {
  test(`${what} makes an anchor and a certificate of our own`, (t) => {
    const party = partyOf(keys, signing)
    const pem = keys.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string
    const cert = encodePem(party.issue('CN=own', { ...valid, keys }))
    t.equal(memoryCredentials({ cert, key: pem, ca: encodePem(party.root(valid)) }).current.anchors.length, 1)
    t.end()
  })
}

test('a root may have signed itself with SHA-1, and no leaf of ours is signed with it', (t) => {
  for (const [keys, strong, sha1] of [[rsa(2048), RSA_SHA256, RSA_SHA1], [newKeys(), undefined, ECDSA_SHA1]] as const) {
    const root = partyOf(keys, strong)
    const anchor = encodePem(root.root({ ...valid, signing: sha1 }))
    t.equal(memoryCredentials({ cert: chain, key, ca: anchor }).current.anchors.length, 1)
    const cert = encodePem(root.issue('CN=own', { ...valid, keys, signing: sha1 }))
    const pem = keys.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string
    t.throws(() => memoryCredentials({ cert, key: pem, ca: anchor }), {
      code: 'MTLS_ERR_CREDENTIALS_REFUSED', reason: 'weak', message: /SHA-1/
    })
  }
  t.end()
})
