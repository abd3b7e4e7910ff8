import { generateKeyPairSync } from 'node:crypto'
import { test } from 'tap'
import { DerReader, TAG } from '../src/der/index.ts'
import type { SignatureSchemeOptions } from '../src/x509/algorithm.ts'
import { readAlgorithm, readSignatureScheme } from '../src/x509/index.ts'
const SHA256 = '300d06096086480165030402010500'
const SHA1 = '300906052b0e03021a0500'
const mgf1 = (hash: string): string => wrap('30', `06092a864886f70d010108${hash}`)
const wrap = (tag: string, content: string): string =>
  tag + (content.length / 2).toString(16).padStart(2, '0') + content
const pss = (...fields: string[]): string => wrap('30', `06092a864886f70d01010a${wrap('30', fields.join(''))}`)

function read (hex: string, options?: SignatureSchemeOptions): ReturnType<typeof readSignatureScheme> {
  const der = Buffer.from(hex, 'hex')
  return readSignatureScheme(readAlgorithm(der, new DerReader(der).expect(TAG.sequence)), options)
}

/** The scheme of an OID without parameters. */
const readOid = (oid: string, options?: SignatureSchemeOptions): ReturnType<typeof readSignatureScheme> =>
  readSignatureScheme({ oid, parameters: undefined, raw: new Uint8Array() }, options)

const NIST = '2.16.840.1.101.3.4.3'

test('reads RSA with and without NULL, ECDSA and EdDSA', async (t) => {
  t.match(read('300d06092a864886f70d01010b0500'), { keyTypes: ['rsa'], hash: 'sha256' })
  t.match(read('300b06092a864886f70d01010b'), { keyTypes: ['rsa'], hash: 'sha256' }, 'RFC 4055 section 5')
  t.match(read('300a06082a8648ce3d040303'), { keyTypes: ['ec'], hash: 'sha384' })
  t.same(read('300506032b6570'), { name: 'ed25519', keyTypes: ['ed25519'], hash: null })
  t.equal(read('300c06082a8648ce3d0403020500'), undefined, 'NULL where RFC 5758 has nothing')
  t.equal(read('300d06092a864886f70d0101050500'), undefined, 'SHA-1')
  t.equal(read('300906072a8648ce380403'), undefined, 'DSA')
})

test('reads RSASSA-PSS only with hashes that are named, both the same', async (t) => {
  const hash = wrap('a0', SHA256)
  const mask = wrap('a1', mgf1(SHA256))
  const found = { name: 'rsa-pss-sha256', keyTypes: ['rsa', 'rsa-pss'], hash: 'sha256' }
  t.same(read(pss(hash, mask, 'a203020120')), { ...found, saltLength: 32 })
  t.same(read(pss(hash, mask)), { ...found, saltLength: 20 }, 'the default salt')
  t.same(read(pss(hash, mask, 'a203020120', 'a303020101'))?.saltLength, 32)
  t.equal(read(pss()), undefined, 'the defaults are SHA-1')
  t.equal(read(pss(hash)), undefined)
  t.equal(read(pss(hash, wrap('a1', mgf1(SHA1)))), undefined)
  t.equal(read(pss(wrap('a0', SHA1), wrap('a1', mgf1(SHA1)))), undefined)
  t.equal(read(pss(hash, wrap('a1', '300406022a03'))), undefined, 'another mask function')
  t.equal(read(pss(hash, mask, 'a20402020201')), undefined, 'salt beyond reason')
  t.equal(read(pss(hash, mask, 'a203020120', 'a303020102')), undefined, 'another trailer')
  t.equal(read('300b06092a864886f70d01010a'), undefined, 'no parameters')
})

test('names every scheme', async (t) => {
  const oids: Readonly<Record<string, string>> = {
    'rsa-sha224': '1.2.840.113549.1.1.14',
    'rsa-sha256': '1.2.840.113549.1.1.11',
    'rsa-sha384': '1.2.840.113549.1.1.12',
    'rsa-sha512': '1.2.840.113549.1.1.13',
    'rsa-sha512-224': '1.2.840.113549.1.1.15',
    'rsa-sha512-256': '1.2.840.113549.1.1.16',
    'rsa-sha3-224': `${NIST}.13`,
    'rsa-sha3-512': `${NIST}.16`,
    'ecdsa-sha224': '1.2.840.10045.4.3.1',
    'ecdsa-sha512': '1.2.840.10045.4.3.4',
    'ecdsa-sha3-224': `${NIST}.9`,
    'ecdsa-sha3-512': `${NIST}.12`,
    ed448: '1.3.101.113',
    'ml-dsa-44': `${NIST}.17`,
    'ml-dsa-65': `${NIST}.18`,
    'ml-dsa-87': `${NIST}.19`,
    'slh-dsa-sha2-128s': `${NIST}.20`,
    'slh-dsa-sha2-256f': `${NIST}.25`,
    'slh-dsa-shake-128s': `${NIST}.26`,
    'slh-dsa-shake-256f': `${NIST}.31`
  }
  for (const [name, oid] of Object.entries(oids)) t.equal(readOid(oid)?.name, name, oid)
  t.same(readOid(`${NIST}.18`), { name: 'ml-dsa-65', keyTypes: ['ml-dsa-65'], hash: null })
  t.equal(
    readSignatureScheme({ oid: `${NIST}.18`, parameters: Uint8Array.of(5, 0), raw: new Uint8Array() }),
    undefined,
    'NULL where RFC 9881 has nothing'
  )
  for (const oid of [`${NIST}.32`, '1.2.840.113549.1.1.4', '1.2.840.113549.1.1.5', '1.2.840.10045.4.1']) {
    t.equal(readOid(oid), undefined, oid)
  }
})

test('reads RSASSA-PSS with every hash of SHA-2 and SHA-3', async (t) => {
  const names = [
    'sha256', 'sha384', 'sha512', 'sha224', 'sha512-224', 'sha512-256', 'sha3-224', 'sha3-256', 'sha3-384', 'sha3-512'
  ]
  for (const [index, name] of names.entries()) {
    const hash = wrap('30', `060960864801650304020${(index + 1).toString(16)}`)
    t.match(read(pss(wrap('a0', hash), wrap('a1', mgf1(hash)))), { name: `rsa-pss-${name}`, hash: name })
    const another = name === 'sha256' ? wrap('30', '0609608648016503040202') : SHA256
    t.equal(read(pss(wrap('a0', hash), wrap('a1', mgf1(another)))), undefined, `${name} with another mask`)
  }
})

test('takes DSA only where it is asked for, and never with SHA-1', async (t) => {
  for (const [arc, hash] of ['sha224', 'sha256', 'sha384', 'sha512'].entries()) {
    t.equal(readOid(`${NIST}.${arc + 1}`), undefined)
    t.equal(readOid(`${NIST}.${arc + 1}`, { dsa: false }), undefined)
    t.same(readOid(`${NIST}.${arc + 1}`, { dsa: true }), { name: `dsa-${hash}`, keyTypes: ['dsa'], hash })
  }
  t.equal(read('300906072a8648ce380403', { dsa: true }), undefined, 'with SHA-1')
  t.equal(readOid('1.2.840.113549.1.1.11', { dsa: true })?.name, 'rsa-sha256')
})

test('names the key types as this Node does', async (t) => {
  const generate = generateKeyPairSync as unknown as (type: string) => { publicKey: { asymmetricKeyType?: string } }
  for (const arc of [17, 18, 19, 20, 21, 26, 27]) {
    const type = readOid(`${NIST}.${arc}`)!.keyTypes[0]!
    let made: string | undefined
    try {
      made = generate(type).publicKey.asymmetricKeyType
    } catch (error) {
      // Node 22, or a Node that is built with an older OpenSSL.
      t.equal((error as { code?: string }).code, 'ERR_INVALID_ARG_VALUE', `${type} is not known here`)
      continue
    }
    t.equal(made, type)
  }
})
