import { constants, generateKeyPairSync } from 'node:crypto'
import { test } from 'tap'
import { readSignatureScheme } from '@peerkit/identity/x509'
import { verifySignature } from '../src/certificate/signature.ts'
import { NULL, element, integer, oid, sequence } from '@peerkit/test-support/der'
import { ECDSA_SHA256, Party, RSA_SHA256, newKeys } from '@peerkit/test-support/mint'
import type { Keys, Signing } from '@peerkit/test-support/mint'
import { outcome, validate } from './support/validate.ts'

const rsa: Keys = generateKeyPairSync('rsa', { modulusLength: 2048 })
const SHA = {
  sha1: '1.3.14.3.2.26',
  sha256: '2.16.840.1.101.3.4.2.1',
  sha384: '2.16.840.1.101.3.4.2.2',
  sha512: '2.16.840.1.101.3.4.2.3'
} as const
type Hash = keyof typeof SHA

function pss (
  hash: Hash, saltLength: number,
  { mask = hash, trailer = 1, bare = false }: { mask?: Hash, trailer?: number, bare?: boolean } = {}
): Signing {
  const algorithm = (name: Hash): Buffer => sequence(oid(SHA[name]), NULL)
  const parameters = bare
    ? sequence()
    : sequence(
      element(0xa0, algorithm(hash)), element(0xa1, sequence(oid('1.2.840.113549.1.1.8'), algorithm(mask))),
      element(0xa2, integer(saltLength)), ...(trailer === 1 ? [] : [element(0xa3, integer(trailer))])
    )
  return {
    algorithm: sequence(oid('1.2.840.113549.1.1.10'), parameters),
    hash,
    options: { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength }
  }
}

/** The outcome for a leaf of a root with these keys that signs like that. */
const outcomeOf = (keys: Keys, signing: Signing): string => {
  const root = new Party('CN=root', { keys, signing })
  return outcome(root.issue(), [], [root.root()])
}

test('accepts RSA, RSASSA-PSS, ECDSA on three curves, Ed25519 and Ed448', async (t) => {
  t.equal(outcomeOf(rsa, RSA_SHA256), 'valid')
  t.equal(
    outcomeOf(rsa, { ...RSA_SHA256, algorithm: sequence(oid('1.2.840.113549.1.1.11')) }),
    'valid',
    'without NULL (RFC 4055 section 5)'
  )
  for (const [arc, hash] of [[12, 'sha384'], [13, 'sha512']] as const) {
    t.equal(outcomeOf(rsa, { algorithm: sequence(oid(`1.2.840.113549.1.1.${arc}`), NULL), hash }), 'valid', hash)
  }
  for (const hash of ['sha256', 'sha384', 'sha512'] as const) {
    t.equal(outcomeOf(rsa, pss(hash, 32)), 'valid', `PSS with ${hash}`)
  }
  const pssKeys: Keys = generateKeyPairSync(
    'rsa-pss', { modulusLength: 2048, hashAlgorithm: 'sha256', mgf1HashAlgorithm: 'sha256', saltLength: 32 } as never
  ) as unknown as Keys
  t.equal(outcomeOf(pssKeys, pss('sha256', 32)), 'valid', 'a key for PSS alone')
  for (const [curve, arc, hash] of [['P-256', 2, 'sha256'], ['P-384', 3, 'sha384'], ['P-521', 4, 'sha512']] as const) {
    t.equal(outcomeOf(newKeys(curve), { algorithm: sequence(oid(`1.2.840.10045.4.3.${arc}`)), hash }), 'valid', curve)
  }
  t.equal(
    outcomeOf(generateKeyPairSync('ed25519'), { algorithm: sequence(oid('1.3.101.112')), hash: null }),
    'valid',
    'Ed25519'
  )
  t.equal(
    outcomeOf(generateKeyPairSync('ed448'), { algorithm: sequence(oid('1.3.101.113')), hash: null }), 'valid', 'Ed448'
  )
})

test('a refused algorithm is named, and what is expected', async (t) => {
  for (const [algorithm, hash, name] of [
    [sequence(oid('1.2.840.113549.1.1.4'), NULL), 'md5', 'MD5 with RSA'],
    [sequence(oid('1.2.840.113549.1.1.5'), NULL), 'sha1', 'SHA-1 with RSA']
  ] as const) {
    const root = new Party('CN=root', { keys: rsa, signing: { algorithm, hash } })
    t.match(validate(root.issue(), [], [root.root()]), {
      step: 'algorithm_refused', detail: new RegExp(`is signed with ${name}; expected SHA-2 or better$`)
    })
  }
})

test('refuses MD5, SHA-1, and parameters that mean them', async (t) => {
  t.equal(outcomeOf(rsa, { algorithm: sequence(oid('1.2.840.113549.1.1.4'), NULL), hash: 'md5' }), 'algorithm_refused')
  t.equal(outcomeOf(rsa, { algorithm: sequence(oid('1.2.840.113549.1.1.5'), NULL), hash: 'sha1' }), 'algorithm_refused')
  t.equal(outcomeOf(newKeys(), { algorithm: sequence(oid('1.2.840.10045.4.1')), hash: 'sha1' }), 'algorithm_refused')
  t.equal(outcomeOf(rsa, pss('sha1', 20, { bare: true })), 'algorithm_refused', 'the defaults of PSS are SHA-1')
  t.equal(outcomeOf(rsa, pss('sha1', 20)), 'algorithm_refused')
  t.equal(outcomeOf(rsa, pss('sha256', 32, { mask: 'sha1' })), 'algorithm_refused')
  t.equal(outcomeOf(rsa, pss('sha256', 32, { trailer: 2 })), 'algorithm_refused')
  t.equal(
    outcomeOf(newKeys(), { ...ECDSA_SHA256, algorithm: sequence(oid('1.2.840.10045.4.3.2'), NULL) }),
    'algorithm_refused',
    'parameters where there are none'
  )
  t.equal(
    outcomeOf(rsa, { ...RSA_SHA256, algorithm: sequence(oid('1.2.840.113549.1.1.10')) }),
    'algorithm_refused',
    'PSS without parameters'
  )
  const noMask = sequence(element(0xa0, sequence(oid(SHA.sha256))), element(0xa1, sequence(oid('1.2.3'), sequence())))
  t.equal(
    outcomeOf(rsa, { ...RSA_SHA256, algorithm: sequence(oid('1.2.840.113549.1.1.10'), noMask) }),
    'algorithm_refused',
    'another mask function'
  )
  t.equal(readSignatureScheme({
    oid: '1.2.840.113549.1.1.10',
    parameters: sequence(
      element(0xa0, sequence(oid(SHA.sha256))),
      element(0xa1, sequence(oid('1.2.840.113549.1.1.8'), sequence(oid(SHA.sha256)))),
      element(0xa2, integer(513))
    ),
    raw: NULL
  }), undefined, 'salt beyond reason')
})

test('an anchor\'s own signature may be of any kind: nobody looks at it', async (t) => {
  const root = new Party('CN=root', { keys: rsa, signing: RSA_SHA256 })
  t.equal(outcome(
    root.issue(), [], [root.root({ signing: { algorithm: sequence(oid('1.2.840.113549.1.1.5'), NULL), hash: 'sha1' } })]
  ), 'valid')
})

test('a key of one kind makes no signature of another', async (t) => {
  const root = new Party('CN=root')
  t.match(validate(root.issue('CN=a', { signing: { ...RSA_SHA256, hash: 'sha256' } }), [], [root.root()]), { step: 'signature_invalid' })
  const pssKeys: Keys = generateKeyPairSync('rsa-pss', { modulusLength: 2048 } as never) as unknown as Keys
  const pssRoot = new Party('CN=root', { keys: pssKeys, signing: pss('sha256', 32) })
  t.equal(outcome(
    pssRoot.issue('CN=a', { signing: { ...pss('sha256', 32), algorithm: RSA_SHA256.algorithm } }), [], [pssRoot.root()]
  ), 'signature_invalid', 'a PSS key signs by PSS alone (RFC 4055 section 1.2)')
  const scheme = readSignatureScheme({ oid: '1.2.840.113549.1.1.11', parameters: undefined, raw: NULL })!
  t.equal(
    verifySignature(scheme, NULL, NULL, generateKeyPairSync('x25519').publicKey),
    false,
    'what node:crypto throws at is no signature'
  )
})

test('a signature of another kind than the key of its issuer is none, whoever bears the name', async (t) => {
  const ed25519: Signing = { algorithm: sequence(oid('1.3.101.112')), hash: null }
  const kinds: ReadonlyArray<readonly [string, Keys, Signing]> = [
    ['RSA', rsa, RSA_SHA256],
    ['RSASSA-PSS', rsa, pss('sha256', 32)],
    ['ECDSA', newKeys(), ECDSA_SHA256],
    ['Ed25519', generateKeyPairSync('ed25519'), ed25519]
  ]
  for (const [own, keys, signing] of kinds) {
    const root = new Party('CN=root', { keys, signing })
    const ca = new Party('CN=ca', { keys, signing })
    for (const [other, otherKeys, otherSigning] of kinds) {
      if (otherKeys === keys) continue
      const namesake = { keys: otherKeys, signing: otherSigning }
      const what = `signed with ${other} below a key for ${own}`
      t.equal(outcome(new Party('CN=root', namesake).issue(), [], [root.root()]), 'signature_invalid', what)
      t.equal(
        outcome(new Party('CN=ca', namesake).issue(), [root.certify(ca)], [root.root()]), 'signature_invalid',
        `${what}, an intermediate`
      )
      t.equal(
        outcome(ca.issue(), [new Party('CN=root', namesake).certify(ca)], [root.root()]), 'signature_invalid',
        `an intermediate ${what}`
      )
    }
  }
})
