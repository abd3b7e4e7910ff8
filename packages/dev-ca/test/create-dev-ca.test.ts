import { X509Certificate } from 'node:crypto'
import { createDevCa } from '@peerkit/dev-ca'
import { decodePem, parsePeerIdentity } from '@peerkit/identity'
import { test } from 'tap'
import { ca, isIssuedBy } from './support/read.ts'

const OTHER_COMMENT = { oid: '1.2.3.4', value: Uint8Array.of(5, 0) }

test('a root is a self-signed CA that may sign certificates and CRLs', async (t) => {
  const node = new X509Certificate(ca.certificate)
  t.ok(node.ca)
  t.ok(isIssuedBy(ca.certificate, ca.certificate))
  t.equal(ca.root, ca.certificate)
  t.equal(ca.chain, '')
  t.same(decodePem(ca.certificate).map((der) => Buffer.from(der)), [Buffer.from(ca.der)])
  t.match(ca.key, /^-----BEGIN PRIVATE KEY-----/)
  t.ok(parsePeerIdentity(ca.der).isCa)
})

test('two CAs of one name are two CAs', async (t) => {
  const other = await createDevCa()
  const leaf = await other.issue({ cn: 'leaf' })
  t.equal(new X509Certificate(leaf.cert).issuer, new X509Certificate(ca.certificate).subject)
  t.notOk(isIssuedBy(leaf.cert, ca.certificate))
})

test('a CA is named as asked, or by a whole subject', async (t) => {
  t.equal(parsePeerIdentity((await createDevCa({ name: 'Own' })).der).subject?.commonName, 'Own')
  const { der } = await createDevCa({
    subject: [
      { type: 'DC', value: 'example', encoding: 'ia5' }, [{ type: 'CN', value: 'a' }, { type: 'OU', value: 'b' }]
    ]
  })
  t.equal(parsePeerIdentity(der).subject?.rdns.length, 2)
})

test('intermediates chain up to the root, which is what others trust', async (t) => {
  const upper = await ca.intermediate({ name: 'Upper', pathLength: 1 })
  const lower = await upper.intermediate({ key: 'rsa-2048' })
  const leaf = await lower.issue({ cn: 'leaf' })
  t.equal(leaf.ca, ca.root)
  t.equal(lower.root, ca.root)
  t.equal(leaf.chain, leaf.cert + lower.certificate + upper.certificate)
  t.ok(isIssuedBy(leaf.cert, lower.certificate))
  t.ok(isIssuedBy(lower.certificate, upper.certificate))
  t.ok(isIssuedBy(upper.certificate, ca.certificate))
  t.equal(parsePeerIdentity(upper.der).subject?.commonName, 'Upper')
})

test('path lengths are as asked: none for a root, 0 for an intermediate', async (t) => {
  t.equal(readPathLength(ca.der), undefined)
  t.equal(readPathLength((await createDevCa({ pathLength: 3 })).der), 3)
  t.equal(readPathLength((await ca.intermediate()).der), 0)
  t.equal(readPathLength((await ca.intermediate({ pathLength: 2 })).der), 2)
})

test('a CA takes extensions of its own beside its own or in their place', async (t) => {
  const without = await createDevCa({
    extensions: [OTHER_COMMENT, { oid: '2.5.29.19', critical: true, value: Buffer.from('3000', 'hex') }]
  })
  t.notOk(new X509Certificate(without.certificate).ca)
  t.ok(Buffer.from(without.der).includes(Buffer.from('06032a030404020500', 'hex')))
})

test('a CA without a key identifier of its own still signs CRLs', async (t) => {
  const plain = await createDevCa({ extensions: [{ oid: '2.5.29.14', value: Buffer.from('0401aa', 'hex') }] })
  t.equal((await plain.crl()).number, 1)
})

test('wrong options of a CA are refused by name', async (t) => {
  const wrong: ReadonlyArray<[object, RegExp]> = [
    [{ key: 'dsa' }, /key is "dsa"; expected one of ec-p256/],
    [{ name: 5 }, /name is 5; expected a string/],
    [{ nmae: 'x' }, /unknown option "nmae" for createDevCa; did you mean "name"\?/],
    [{ pathLength: -1 }, /pathLength is -1/],
    [{ pathLength: 1.5 }, /pathLength is 1\.5/],
    [{ days: 0 }, /days is 0/],
    [{ subject: [[]] }, /subject is/],
    [{ extensions: [{ oid: 'x', value: new Uint8Array() }] }, /extensions is/],
  ]
  for (const [options, message] of wrong) {
    await t.rejects(createDevCa(options), { code: 'MTLS_ERR_DEV_CA_OPTION', message })
    await t.rejects(ca.intermediate(options), { code: 'MTLS_ERR_DEV_CA_OPTION', message })
  }
  for (const options of [null, 'x', 5]) {
    await t.rejects(createDevCa(options as any), { code: 'MTLS_ERR_DEV_CA_OPTION', message: /expected an object/ })
  }
})

/** From the octets: critical, CA, then the INTEGER if there is one (RFC 5280 section 4.2.1.9). */
function readPathLength (der: Uint8Array): number | undefined {
  const found = /0603551d130101ff04(?:0530030101ff|0830060101ff0201(..))/.exec(Buffer.from(der).toString('hex'))
  if (found === null) throw new Error('no basicConstraints of a CA')
  return found[1] === undefined ? undefined : Number.parseInt(found[1], 16)
}
