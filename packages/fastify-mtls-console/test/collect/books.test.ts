import { test } from 'tap'
import { createDevCa } from '@peerkit/dev-ca'
import { createPartialIdentity, limitPeerIdentity, parsePeerIdentity } from '@peerkit/identity'
import { ClientBook } from '../../src/collect/client-book.ts'
import { ServerBook } from '../../src/collect/server-book.ts'

const ca = await createDevCa()
const [one, two, three] = await Promise.all(['one', 'two', 'three'].map(async (cn) => parsePeerIdentity((await ca.issue({ cn })).der)))
if (one === undefined || two === undefined || three === undefined) throw new Error('three identities')

test('a client is its certificate: connections and requests of all its connections are counted together', (t) => {
  const book = new ClientBook(10)
  book.connected(one, 1, '10.0.0.1')
  const again = parsePeerIdentity(one.raw as Uint8Array, { chain: [parsePeerIdentity(ca.der)] })
  book.connected(again, 2, '10.0.0.2')
  book.allowed(again, 3, '10.0.0.2')
  book.denied(one, 4, '10.0.0.1', 'enforce', { what: 'GET /', reason: 'no_match' })
  book.denied(one, 5, '10.0.0.1', 'report-only', { what: 'GET /x', reason: 'no_rule' })
  t.match(book.list(), [{ firstSeen: 1, lastSeen: 5, connections: 2, allowed: 1, denied: 1, wouldDeny: 1, addresses: ['10.0.0.1', '10.0.0.2'], lastDenial: { time: 5, what: 'GET /x' } }])
  t.equal(book.list()[0]?.identity, again, 'the one whose chain is known')
  t.end()
})

test('the latest identity of a client counts, since its authority may vouch for less than it did', (t) => {
  const book = new ClientBook(10)
  const chain = [parsePeerIdentity(ca.der)]
  const before = limitPeerIdentity(parsePeerIdentity(one.raw as Uint8Array, { chain }), 'partner', [])
  const after = limitPeerIdentity(parsePeerIdentity(one.raw as Uint8Array, { chain }), 'partner', ['subject'])
  book.connected(before, 1, undefined)
  book.connected(after, 2, undefined)
  t.equal(book.list()[0]?.identity, after)
  book.allowed(one, 3, undefined)
  t.equal(book.list()[0]?.identity, after, 'one without its chain says less')
  t.end()
})

test('the client that was silent for longest makes room', (t) => {
  const book = new ClientBook(2)
  book.allowed(one, 1, undefined)
  book.allowed(two, 2, undefined)
  book.allowed(one, 3, undefined)
  book.allowed(three, 4, undefined)
  t.strictSame(book.list().map(({ identity }) => identity), [three, one])
  t.equal(book.dropped, 1)
  t.end()
})

test('clients are bounded by the memory that their names take', async (t) => {
  const book = new ClientBook(10_000)
  const otherName = Array.from({ length: 4_400 }, () => ({ type: '1.2.3', value: 'x' }))
  const subjectAltNames = { otherName }
  for (let index = 0; index < 100; index++) {
    book.connected(createPartialIdentity({ subject: `CN=${index}`, subjectAltNames }), index, undefined)
  }
  const kept = book.list().length
  t.ok(kept > 30 && kept < 60, `${kept} clients of 1.5 MB each`)
  t.equal(book.dropped, 100 - kept)
  t.equal(book.list()[0]?.lastSeen, 99)
})

test('a client of whom a gateway tells little is known by its text, and of addresses the latest five are kept', (t) => {
  const book = new ClientBook(2)
  const partial = createPartialIdentity({ subject: 'CN=partial' })
  for (let index = 0; index < 9; index++) book.allowed(partial, index, `10.0.0.${index}`)
  t.match(book.list(), [{ key: String(partial), allowed: 9, addresses: ['10.0.0.8', '10.0.0.7', '10.0.0.6', '10.0.0.5', '10.0.0.4'] }])
  t.equal(book.list()[0]?.addresses.length, 5)
  t.end()
})

test('of servers the first called makes room, and what was refused stays beside who answered', (t) => {
  const book = new ServerBook(2)
  book.identified('https://a', 1, one)
  book.refused('https://a', { time: 2, code: 'C', reason: 'r', message: 'm' })
  book.identified('https://b', 3, two)
  t.match(book.list(), [{ origin: 'https://a', connections: 1, refused: 1, identifiedAt: 1, lastRefusal: { time: 2 } }, { origin: 'https://b' }])
  book.identified('https://c', 4, two)
  t.strictSame(book.list().map(({ origin }) => origin), ['https://b', 'https://c'])
  t.end()
})
