import { test } from 'tap'
import { readAlgorithm, readSignatureScheme } from '../src/x509/index.ts'
import { DerReader, TAG } from '../src/der/index.ts'

const SHA256 = '300d06096086480165030402010500'
const SHA1 = '300906052b0e03021a0500'
const mgf1 = (hash: string): string => wrap('30', `06092a864886f70d010108${hash}`)
const wrap = (tag: string, content: string): string => tag + (content.length / 2).toString(16).padStart(2, '0') + content
const pss = (...fields: string[]): string => wrap('30', `06092a864886f70d01010a${wrap('30', fields.join(''))}`)

function read (hex: string): ReturnType<typeof readSignatureScheme> {
  const der = Buffer.from(hex, 'hex')
  return readSignatureScheme(readAlgorithm(der, new DerReader(der).expect(TAG.sequence)))
}

test('reads RSA with and without NULL, ECDSA and EdDSA', async (t) => {
  t.match(read('300d06092a864886f70d01010b0500'), { keyTypes: ['rsa'], hash: 'sha256' })
  t.match(read('300b06092a864886f70d01010b'), { keyTypes: ['rsa'], hash: 'sha256' }, 'RFC 4055 section 5')
  t.match(read('300a06082a8648ce3d040303'), { keyTypes: ['ec'], hash: 'sha384' })
  t.same(read('300506032b6570'), { keyTypes: ['ed25519'], hash: null })
  t.equal(read('300c06082a8648ce3d0403020500'), undefined, 'NULL where RFC 5758 has nothing')
  t.equal(read('300d06092a864886f70d0101050500'), undefined, 'SHA-1')
  t.equal(read('300906072a8648ce380403'), undefined, 'DSA')
})

test('reads RSASSA-PSS only with hashes that are named, both the same', async (t) => {
  const hash = wrap('a0', SHA256)
  const mask = wrap('a1', mgf1(SHA256))
  t.same(read(pss(hash, mask, 'a203020120')), { keyTypes: ['rsa', 'rsa-pss'], hash: 'sha256', saltLength: 32 })
  t.same(read(pss(hash, mask)), { keyTypes: ['rsa', 'rsa-pss'], hash: 'sha256', saltLength: 20 }, 'the default salt')
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
