import { parsePeerIdentity, type PeerIdentity } from '@peerkit/identity'
import type { SignatureScheme } from '@peerkit/identity/x509'
import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { test } from 'tap'
import { loadCrl, ocspChecker, parseCrl, SYNC_CRL_BYTES, verifyOcspResponse } from '../src/index.ts'
import { writeElement, writeOid } from '../src/x509/der.ts'
import { describeCertId, writeOcspRequest } from '../src/ocsp/ocsp-request.ts'
import { verifyAtOnce } from '../src/x509/signature.ts'
import { craftCrl, entry, pss, type Signing } from './support/craft.ts'
import { makeCa } from './support/identities.ts'
import { craftOcspResponse } from './support/ocsp-responder.ts'
import { remint } from './support/remint.ts'

const NIST = '2.16.840.1.101.3.4'
const NULL = writeElement(0x05)
const { ca, identity, leaf } = await makeCa()
const peer = await leaf('peer')

interface OddCa { readonly identity: PeerIdentity, readonly der: Uint8Array, readonly key: string }

/** The CA with a key of another kind. */
function withKey (publicKey: Uint8Array, key = ''): OddCa {
  const der = remint(ca.der, { key: ca.key, publicKey })
  return { identity: parsePeerIdentity(der), der, key }
}

/** Undefined where this Node makes no such keys. */
function tryGenerate (type: string, options: object = {}): OddCa | undefined {
  const generate = generateKeyPairSync as unknown as (type: string, options: object) => {
    publicKey: KeyObject
    privateKey: KeyObject
  }
  try {
    const { publicKey, privateKey } = generate(type, options)
    return withKey(
      publicKey.export({ type: 'spki', format: 'der' }), privateKey.export({ type: 'pkcs8', format: 'pem' }) as string
    )
  } catch {
    return undefined
  }
}

const signing = (hash: string | null, oid: string, ...parameters: Uint8Array[]): Signing =>
  ({ hash, algorithm: writeElement(0x30, writeOid(oid), ...parameters) })

/** A list that says revoked and an answer that says good, both by this key. */
function check ({ identity: issuer, der, key }: OddCa, how: Signing): { listed: boolean, state: string } {
  const listed = entry(peer.serialNumber.replace(/^(?=[89a-f])/, '00'))
  const index = parseCrl(craftCrl({ ca, key, signing: how, entries: [listed] }), { issuers: [issuer] })
  const asked = writeOcspRequest(describeCertId(peer.identity, issuer, 'sha1'), undefined)
  const answer = craftOcspResponse(ca, asked, { signing: how, signer: { der, key }, certificates: [] })
  return { listed: index.has(peer.serialNumber), state: verifyOcspResponse(answer, peer.identity, issuer).state }
}

test('believes CRLs and OCSP answers that are signed with ML-DSA and SLH-DSA, where this Node ' +
  'knows them', async (t) => {
  for (const [type, arc] of [
    ['ml-dsa-44', 17], ['ml-dsa-65', 18], ['ml-dsa-87', 19], ['slh-dsa-sha2-128f', 21], ['slh-dsa-shake-128f', 27]
  ] as const) {
    const how = signing(null, `${NIST}.3.${arc}`)
    const made = tryGenerate(type)
    if (made === undefined) {
      // Node 22. A key of the right form that it cannot read.
      const unread = withKey(writeElement(0x30, how.algorithm, writeElement(0x03, new Uint8Array(33))), ca.key)
      t.throws(
        () => check(unread, { hash: 'sha256', algorithm: how.algorithm }),
        { code: 'MTLS_ERR_CRL_INVALID', reason: 'algorithm' }, type
      )
      continue
    }
    t.same(check(made, how), { listed: true, state: 'good' }, type)
    const other = tryGenerate(type)!
    t.throws(
      () => check({ ...made, key: other.key }, how), { code: 'MTLS_ERR_CRL_INVALID', reason: 'signature' },
      `${type} of another key`
    )
    t.throws(() => check(
      { ...made, key: ca.key },
      { hash: 'sha256', algorithm: signing(null, `${NIST}.3.${arc === 17 ? 18 : 17}`).algorithm }
    ), { code: 'MTLS_ERR_CRL_INVALID', reason: 'signature' }, `${type} that says another`)
  }
})

test('a large CRL that is signed with a scheme that hashes by itself is verified in a thread', async (t) => {
  const made = tryGenerate('ml-dsa-44')
  const entries = Array.from({ length: 60_000 }, (_, i) => entry(`7000${i.toString(16).padStart(8, '0')}`))
  if (made === undefined) {
    t.throws(() => generateKeyPairSync('ml-dsa-44' as never), 'not by this Node')
    return
  }
  const crl = craftCrl({ ca, key: made.key, signing: signing(null, `${NIST}.3.17`), entries })
  t.ok(crl.length > SYNC_CRL_BYTES)
  t.equal((await loadCrl(crl, { issuers: [made.identity] })).size, 60_000)
  crl[100_000]! ^= 1
  await t.rejects(loadCrl(crl, { issuers: [made.identity] }), { code: 'MTLS_ERR_CRL_INVALID' })
})

test('believes every hash of SHA-2 and SHA-3', async (t) => {
  const rsa = tryGenerate('rsa', { modulusLength: 2048 })!
  const ec = tryGenerate('ec', { namedCurve: 'P-384' })!
  const cases: [OddCa, Signing][] = [
    ...[
      ['sha224', '1.2.840.113549.1.1.14'], ['sha512-224', '1.2.840.113549.1.1.15'],
      ['sha512-256', '1.2.840.113549.1.1.16'], ['sha3-224', `${NIST}.3.13`], ['sha3-256', `${NIST}.3.14`],
      ['sha3-384', `${NIST}.3.15`], ['sha3-512', `${NIST}.3.16`]
    ].map(([hash, oid]): [OddCa, Signing] => [rsa, signing(hash!, oid!, NULL)]),
    ...[['sha224', '1.2.840.10045.4.3.1'], ['sha3-224', `${NIST}.3.9`], ['sha3-256', `${NIST}.3.10`], [
      'sha3-384', `${NIST}.3.11`
    ], ['sha3-512', `${NIST}.3.12`]].map(([hash, oid]): [OddCa, Signing] => [ec, signing(hash!, oid!)]),
    ...['sha224', 'sha512-224', 'sha512-256', 'sha3-224', 'sha3-256', 'sha3-384', 'sha3-512'].map((
      hash, i
    ): [OddCa, Signing] => [rsa, pss(hash, `${NIST}.2.${i + 4}`, 20)])
  ]
  for (const [made, how] of cases) t.same(check(made, how), { listed: true, state: 'good' }, String(how.hash))
})

test('what node:crypto throws at is no signature', async (t) => {
  const restricted = tryGenerate(
    'rsa-pss', { modulusLength: 2048, hashAlgorithm: 'sha256', mgf1HashAlgorithm: 'sha256', saltLength: 32 }
  )!
  t.same(check(restricted, pss('sha256', `${NIST}.2.1`, 32)), { listed: true, state: 'good' })
  const unheard: SignatureScheme = { name: 'x', keyTypes: ['rsa-pss'], hash: 'no-such-hash' }
  t.equal(
    verifyAtOnce(unheard, NULL, NULL, createPublicKey(restricted.key)), false,
    'a hash that is not there, as with a FIPS provider'
  )
  const free = tryGenerate('rsa', { modulusLength: 2048 })!
  t.throws(
    () => check({ ...restricted, key: free.key }, pss('sha512', `${NIST}.2.3`, 32)),
    { code: 'MTLS_ERR_CRL_INVALID', reason: 'signature' }
  )
})

test('refuses DSA, and keys that no Node can read, without failing otherwise', async (t) => {
  const dsa = tryGenerate('dsa', { modulusLength: 2048, divisorLength: 256 })!
  t.throws(() => check(dsa, signing('sha256', `${NIST}.3.2`)), { code: 'MTLS_ERR_CRL_INVALID', reason: 'algorithm' })
  const how = signing('sha256', '1.2.840.10045.4.3.2')
  const unread = withKey(
    writeElement(0x30, writeElement(0x30, writeOid('1.2.3.4')), writeElement(0x03, new Uint8Array(33))), ca.key
  )
  const crl = craftCrl({ ca, signing: how })
  t.throws(
    () => parseCrl(crl, { issuers: [unread.identity] }),
    { code: 'MTLS_ERR_CRL_INVALID', reason: 'algorithm', message: /cannot read the key of CN=/ }
  )
  t.equal(
    parseCrl(crl, { issuers: [unread.identity, identity] }).verifiedBy, identity, 'another CA of that name signed it'
  )
  const asked = writeOcspRequest(describeCertId(peer.identity, unread.identity, 'sha1'), undefined)
  const answer = (signer: { der: Uint8Array, key: string }): Uint8Array => craftOcspResponse(ca, asked, { signer })
  t.throws(
    () => verifyOcspResponse(answer(unread), peer.identity, unread.identity),
    { code: 'MTLS_ERR_OCSP_INVALID', reason: 'algorithm' }
  )
  const delegate = await leaf('delegate', { extendedKeyUsage: ['1.3.6.1.5.5.7.3.9'] })
  const odd = remint(delegate.der, {
    key: ca.key,
    publicKey: writeElement(0x30, writeElement(0x30, writeOid('1.2.3.4')), writeElement(0x03, new Uint8Array(33)))
  })
  const own = writeOcspRequest(describeCertId(peer.identity, identity, 'sha1'), undefined)
  t.throws(() => verifyOcspResponse(
    craftOcspResponse(ca, own, { signer: { der: odd, key: delegate.key } }), peer.identity, identity
  ), { code: 'MTLS_ERR_OCSP_INVALID', reason: 'algorithm' })
  const checker = ocspChecker({ urls: 'http://127.0.0.1:1/', issuers: [unread.identity] })
  t.match(await checker.check(peer.identity, undefined), { why: 'issuer_unknown' }, 'it signed nothing')
  await checker.close()
})
