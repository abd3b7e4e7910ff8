import type { StringEncoding } from '@peerkit/dev-ca'
import { test } from 'tap'
import { issueAndRead } from './support/read.ts'

const encodedAs = (encoding: StringEncoding, value: string): ReturnType<typeof issueAndRead> =>
  issueAndRead({ subject: [{ type: 'CN', value, encoding }] })

test('the subject lists organizations, units and the common name in this order', async (t) => {
  const { peer, node } = await issueAndRead({ cn: 'c', o: ['a', 'b'], ou: 'u' })
  t.equal(String(peer.subject), 'CN=c,OU=u,O=b,O=a')
  t.equal(node.subject, 'O=a\nO=b\nOU=u\nCN=c')
  t.same((await issueAndRead({})).peer.subject?.rdns, [])
})

test('a multi-valued RDN stays one, in the order DER wants', async (t) => {
  const { peer } = await issueAndRead({
    subject: [{ type: 'O', value: 'o' }, [{ type: 'UID', value: 'u' }, { type: 'CN', value: 'c' }]]
  })
  t.same(peer.subject?.rdns.map((rdn) => rdn.map(({ value }) => value)), [['o'], ['c', 'u']])
})

test('commas, quotes, NUL, line ends and characters beyond ASCII are values, not syntax', async (t) => {
  for (const value of ['a, CN=b', '"a"', 'a\0b', 'a\nCN=b', 'Zoë 漢字 🔑', ' a ', '#1', 'a+b=c;d<e>\\']) {
    const { peer } = await issueAndRead({ cn: value })
    t.equal(peer.subject?.commonName, value)
    t.equal(peer.subject?.rdns.length, 1)
  }
})

test('each string encoding is the one asked for and reads back', async (t) => {
  const cases: ReadonlyArray<[StringEncoding, string, string]> = [
    ['utf8', 'Zoë', '0c045a6fc3ab'], ['printable', 'Zoe', '13035a6f65'], ['ia5', 'a@b', '1603614062'],
    ['t61', 'Zoë', '14035a6feb'], ['bmp', 'Zoë', '1e06005a006f00eb'], ['universal', 'Z🔑', '1c080000005a0001f511'],
  ]
  for (const [encoding, value, octets] of cases) {
    const read = await encodedAs(encoding, value)
    t.ok(read.octets.includes(octets), encoding)
    t.equal(read.peer.subject?.rdns[0]?.[0]?.value, value, encoding)
  }
})

test('attribute types go by short name or by OID, however large its arcs are', async (t) => {
  const types = { '2.999.4294967296.127.128': 'x', emailAddress: 'a@b', SN: 'n', '1.2.840.113549.1.9.2': 'u' }
  const { peer } = await issueAndRead({ subject: Object.entries(types).map(([type, value]) => ({ type, value })) })
  t.same(
    peer.subject?.rdns.map(([attribute]) => attribute?.type),
    ['2.999.4294967296.127.128', '1.2.840.113549.1.9.1', '2.5.4.4', '1.2.840.113549.1.9.2']
  )
})

test('a name of thousands of octets is encoded with a long length', async (t) => {
  const value = 'x'.repeat(70_000)
  t.equal((await issueAndRead({ cn: value })).peer.subject?.commonName, value)
})
