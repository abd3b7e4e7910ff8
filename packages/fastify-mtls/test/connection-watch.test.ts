import { mock } from 'node:test'
import { test } from 'tap'
import { createDevCa } from '@peerkit/dev-ca'
import { createRecord } from '../src/connection/connection-record.ts'
import type { ConnectionRecord } from '../src/connection/connection-record.ts'
import { DRAIN_TIMEOUT, GOOD, REVOKED, fakeSocket, lateAnswer, startWatch, turn } from './support/watched.ts'

test('a review of thousands of connections lets the event loop run in between', async (t) => {
  const { ca, watch, ended, open, move } = await startWatch()
  const client = await ca.issue({ cn: 'client' })
  const records: ConnectionRecord[] = []
  for (let count = 0; count < 2_000; count += 1) records.push(await open(client))
  move(() => REVOKED)
  const reviewed = watch.review()
  t.ok(ended.length > 0 && ended.length < records.length, 'the review is not done at once')
  t.equal(watch.check(records.at(-1)!), 'revoked', 'a request on a connection that was not reviewed yet is refused too')
  await reviewed
  t.equal(ended.length, records.length)
  t.equal(new Set(ended.map(({ record }) => record)).size, records.length, 'each is told once')
})

/** How many answers that take time a review asks for at once. */
const ABREAST = 64

test('a review asks for a limited number of answers at a time, and begins with WebSockets', async (t) => {
  const { ca, checker, watch, ended, open, move } = await startWatch()
  const names = Array.from({ length: 100 }, (_, index) => `client ${index}`)
  const records: ConnectionRecord[] = []
  for (const cn of names) records.push(await open(await ca.issue({ cn })))
  const upgraded = records.at(-1)!
  const socket = fakeSocket()
  let cut = 0
  socket.once('close', () => { cut += 1 })
  watch.followUpgraded(upgraded, socket)
  checker.asked.length = 0
  const late = new Map(names.map((cn) => [cn, lateAnswer()]))
  move(async ({ subject }) => await late.get(String(subject?.commonName))!.answer())
  const reviewed = watch.review()
  await turn()
  t.equal(checker.asked.length, ABREAST)
  t.equal(checker.asked[0], 'client 99', 'the one with the WebSocket comes first')
  late.get('client 99')!.give(REVOKED)
  await turn()
  t.equal(cut, 1)
  t.strictSame(ended.map(({ record }) => record), [upgraded])
  t.equal(checker.asked.length, ABREAST + 1, 'the next is asked about when there is room')
  for (const cn of names.slice(0, -1)) {
    late.get(cn)!.give(GOOD)
    await turn()
  }
  await reviewed
  t.strictSame([...checker.asked].sort(), [...names].sort(), 'each is asked about once')
  t.equal(ended.length, 1)
})

test('requests on several connections of one client wait for one answer', async (t) => {
  const { ca, checker, watch, ended, open, move } = await startWatch()
  const client = await ca.issue({ cn: 'client' })
  const records = [await open(client), await open(client), await open(client)]
  checker.asked.length = 0
  const { answer, give } = lateAnswer()
  move(answer)
  const checks = [...records, records[0]!].map((record) => watch.check(record))
  give(REVOKED)
  t.same(await Promise.all(checks), ['revoked', 'revoked', 'revoked', 'revoked'])
  t.same(checker.asked, ['client'])
  t.equal(ended.length, 3, 'each connection is told once')
})

test('a connection that has closed is not reviewed', async (t) => {
  const { ca, checker, watch, ended, open, move } = await startWatch()
  const record = await open(await ca.issue({ cn: 'client' }))
  record.socket.destroy()
  checker.asked.length = 0
  move(() => REVOKED)
  await watch.review()
  t.strictSame([ended, checker.asked], [[], []])
})

test('a refused connection is cut when drainTimeout is over: first its HTTP/2 session, then its socket', async (t) => {
  mock.timers.enable({ apis: ['setTimeout'] })
  t.after(() => { mock.timers.reset() })
  const { ca, watch, ended, open, move } = await startWatch()
  const record = await open(await ca.issue({ cn: 'client' }))
  const cut: string[] = []
  record.session = { destroy: () => { cut.push('session') } } as any
  record.socket.once('close', () => { cut.push('socket') })
  move(() => REVOKED)
  await watch.review()
  t.strictSame(ended.map(({ record: one }) => one), [record])
  t.equal(watch.check(record), 'revoked')
  mock.timers.tick(DRAIN_TIMEOUT - 1)
  t.strictSame(cut, [])
  mock.timers.tick(1)
  t.strictSame(cut, ['session', 'socket'])
})

test('a connection without a certificate is let through and never reviewed', async (t) => {
  const { checker, watch, ended, move } = await startWatch()
  const record = createRecord(fakeSocket(), undefined)
  watch.follow(record)
  move(() => REVOKED)
  await watch.review()
  t.equal(watch.check(record), undefined)
  t.match(record, { peer: null, decision: undefined, presented: undefined })
  t.strictSame([ended, checker.asked], [[], []])
})

test('a refused connection keeps its reason and is not evaluated again, even if the certificate is good by then', async (t) => {
  const { ca, checker, watch, ended, open, move } = await startWatch()
  const client = await ca.issue({ cn: 'client' })
  const record = await open(client)
  move(() => REVOKED)
  t.equal(watch.check(record), 'revoked')
  const { fingerprint256 } = record.peer!
  const refusal = {
    reason: 'revoked',
    detail: {
      step: 'revoked',
      message: /CN=client .*is revoked \(keyCompromise\)/,
      certificate: { subject: 'CN=client', fingerprint256 }
    }
  }
  t.match(ended, [{ refusal }])
  t.match(record.refusal, refusal)
  const { length } = checker.asked
  move(() => GOOD)
  t.equal(watch.check(record), 'revoked', 'it stays refused')
  t.equal(checker.asked.length, length)
})

test('the peer of a connection has the chain by which it is trusted now', async (t) => {
  const older = await createDevCa({ name: 'Older' })
  const newer = await createDevCa({ name: 'Newer' })
  const issuing = await older.intermediate({ name: 'Issuing' })
  const { credentials, watch, ended, open } = await startWatch({ ca: older })
  const client = await issuing.issue({ cn: 'client' })
  const record = await open(client, [issuing.der])
  const names = (): unknown => record.peer?.chain?.map(({ subject }) => subject?.commonName)
  t.same(names(), ['Issuing', 'Older'])
  const before = record.peer
  credentials.update({ ca: [older.root, newer.root] })
  t.equal(watch.check(record), undefined)
  t.equal(record.peer, before, 'the same object where the chain is the same')
  credentials.update({ ca: [issuing.certificate, older.root], intermediates: issuing.certificate })
  t.equal(watch.check(record), undefined)
  t.same(names(), ['Issuing', 'Older'], 'an intermediate that stands in ca is no anchor')
  credentials.update({ ca: newer.root })
  t.equal(watch.check(record), 'ca_removed')
  t.match(ended, [
    { refusal: { reason: 'ca_removed', detail: { step: 'unknown_ca', certificate: { subject: /CN=Issuing/ } } } }
  ])
})

test('what a connection knows of its client follows the trust: the name of its authority', async (t) => {
  const { ca, credentials, watch, ended, open } = await startWatch()
  const record = await open(await ca.issue({ cn: 'client' }))
  t.not(record.peer!.authority, 'partner')
  credentials.update({ ca: undefined, authorities: { partner: { ca: ca.root, names: 'any' } } } as never)
  await watch.check(record)
  t.equal(record.peer!.authority, 'partner')
  t.strictSame(ended, [])
})
