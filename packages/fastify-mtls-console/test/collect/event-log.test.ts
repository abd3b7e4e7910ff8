import { test } from 'tap'
import { EventLog } from '../../src/collect/event-log.ts'
import type { EventDraft } from '../../src/collect/event-log.ts'

function draft (change: Partial<EventDraft> = {}): EventDraft {
  return {
    kind: 'denied',
    tone: 'bad',
    time: 0,
    title: 'Denied: GET /',
    reason: 'no_match',
    hint: undefined,
    peer: 'CN=a',
    fingerprint256: 'aa',
    issuer: undefined,
    chain: undefined,
    removedCa: undefined,
    remoteAddress: '10.0.0.1',
    requestId: 'r',
    detail: [],
    source: 'a',
    ...change
  }
}

test('equal events of a minute are one entry with a count, those of the next another', (t) => {
  const log = new EventLog(10)
  for (const time of [0, 1000, 59_999, 60_000]) log.add(draft({ time }))
  t.match(log.list(), [{ first: 60_000, count: 1 }, { first: 0, last: 59_999, count: 3 }])
  log.add(draft({ time: 60_001, reason: 'no_rule' }))
  log.add(draft({ time: 60_002, detail: ['another'] }))
  t.equal(log.list().length, 4)
  t.end()
})

test('a loud client loses its own oldest entries, not those of others', (t) => {
  const log = new EventLog(10)
  log.add(draft({ source: 'quiet', title: 'the one at 03:12' }))
  for (let index = 0; index < 1000; index++) log.add(draft({ source: 'loud', title: `GET /${index}`, time: index }))
  const titles = log.list().map(({ title }) => title)
  t.equal(titles.length, 10)
  t.ok(titles.includes('the one at 03:12'))
  t.ok(titles.includes('GET /999'))
  t.notOk(titles.includes('GET /0'))
  t.equal(log.dropped, 991)
  t.end()
})

test('strangers at the door push out nothing of clients, nor of what changed', (t) => {
  const log = new EventLog(5)
  log.add(draft())
  log.add(draft({ kind: 'credentials', source: 'credentials' }))
  for (let index = 0; index < 100_000; index++) {
    log.add(draft({ kind: 'handshake', source: `net ${index}`, time: index }))
  }
  const kinds = log.list().map(({ kind }) => kind).filter((kind) => kind !== 'handshake')
  t.strictSame(kinds.sort(), ['credentials', 'denied'])
  t.equal(log.list().length, 7)
  t.end()
})

test('among equals the oldest makes room, and an entry that is gone is not counted on', (t) => {
  const log = new EventLog(2)
  log.add(draft({ source: 'a', title: 'a' }))
  log.add(draft({ source: 'b', title: 'b' }))
  log.add(draft({ source: 'c', title: 'c' }))
  log.add(draft({ source: 'a', title: 'a' }))
  t.strictSame(log.list().map(({ title, count }) => [title, count]).sort(), [['a', 1], ['c', 1]])
  t.end()
})

test('what was listed does not change any more', (t) => {
  const log = new EventLog(2)
  log.add(draft())
  const [event] = log.list()
  log.add(draft({ time: 1 }))
  t.equal(event?.count, 1)
  t.notOk('source' in (event ?? {}))
  t.end()
})
