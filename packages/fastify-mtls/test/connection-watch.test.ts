import { mock } from 'node:test'
import { test } from 'tap'
import { createDevCa } from '@peerkit/dev-ca'
import type { RevocationStatus } from '@peerkit/revocation'
import { createRecord } from '../src/connection-record.ts'
import type { ConnectionRecord } from '../src/connection-record.ts'
import { GOOD, REVOKED, fakeSocket, startWatch, turn } from './support/watched.ts'

test('thousands of connections are reviewed without keeping the event loop, by the trust of now', async (t) => {
  const { ca, watch, ended, open, move } = await startWatch()
  const client = await ca.issue({ cn: 'client' })
  const records: ConnectionRecord[] = []
  for (let count = 0; count < 2_000; count += 1) records.push(await open(client))
  move(() => REVOKED)
  const reviewed = watch.review()
  t.ok(ended.length > 0 && ended.length < records.length, 'the event loop has its turn in between')
  t.equal(watch.check(records.at(-1)!), 'revoked', 'a request that comes before its turn is not let through')
  await reviewed
  t.equal(ended.length, records.length)
  t.equal(new Set(ended.map(({ record }) => record)).size, records.length, 'each is told once')
})

test('a review asks for some answers at a time, those for connections that HTTP gave away first', async (t) => {
  const answers = new Map<string, (status: RevocationStatus) => void>()
  const { ca, checker, watch, ended, open, move } = await startWatch()
  const records: ConnectionRecord[] = []
  for (let count = 0; count < 100; count += 1) records.push(await open(await ca.issue({ cn: `client ${count}` })))
  const upgraded = records.at(-1)!
  const socket = fakeSocket()
  let cut = 0
  socket.once('close', () => {
    cut += 1
  })
  watch.followUpgraded(upgraded, socket)
  checker.asked.length = 0
  move(
    async ({ subject }) =>
      await new Promise((resolve) => {
        answers.set(String(subject?.commonName), resolve)
      })
  )
  const reviewed = watch.review()
  await turn()
  t.equal(answers.size, 64)
  t.equal(checker.asked[0], 'client 99')
  answers.get('client 99')?.(REVOKED)
  await turn()
  t.equal(cut, 1)
  t.strictSame(
    ended.map(({ record }) => record),
    [upgraded]
  )
  t.equal(answers.size, 65, 'the next is asked for when there is room')
  for (let count = 0; count < 99; count += 1) {
    answers.get(`client ${count}`)?.(GOOD)
    await turn()
  }
  await reviewed
  t.equal(checker.asked.length, 100, 'each once')
  t.equal(ended.length, 1)
})

test('the connections of one client wait for one answer', async (t) => {
  let answer: (status: RevocationStatus) => void = () => {}
  const { ca, checker, watch, ended, open, move } = await startWatch()
  const client = await ca.issue({ cn: 'client' })
  const records = [await open(client), await open(client), await open(client)]
  checker.asked.length = 0
  move(
    async () =>
      await new Promise((resolve) => {
        answer = resolve
      })
  )
  const checks = [...records, records[0]!].map((record) => watch.check(record))
  answer(REVOKED)
  t.same(await Promise.all(checks), ['revoked', 'revoked', 'revoked', 'revoked'])
  t.same(checker.asked, ['client'])
  t.equal(ended.length, 3, 'each connection is told once')
})

test('a connection that closed is forgotten; one that is refused is cut when its time to drain is over', async (t) => {
  mock.timers.enable({ apis: ['setTimeout'] })
  t.after(() => {
    mock.timers.reset()
  })
  const { ca, watch, ended, open, move } = await startWatch()
  const client = await ca.issue({ cn: 'client' })
  const [gone, stays] = [await open(client), await open(client)]
  const cut: string[] = []
  stays.session = {
    destroy: () => {
      cut.push('session')
    }
  } as any
  stays.socket.once('close', () => {
    cut.push('socket')
  })
  gone.socket.destroy()
  move(() => REVOKED)
  await watch.review()
  t.strictSame(
    ended.map(({ record }) => record),
    [stays]
  )
  t.equal(watch.check(stays), 'revoked')
  mock.timers.tick(999)
  t.strictSame(cut, [])
  mock.timers.tick(1)
  t.strictSame(cut, ['session', 'socket'])
})

test('a connection without a certificate has nothing to be checked, and is not watched', async (t) => {
  const { checker, watch, ended, move } = await startWatch()
  const record = createRecord(fakeSocket(), undefined)
  watch.follow(record)
  move(() => REVOKED)
  await watch.review()
  t.equal(watch.check(record), undefined)
  t.match(record, { peer: null, decision: undefined, presented: undefined })
  t.strictSame([ended, checker.asked], [[], []])
})

test('a refused connection keeps its reason, with the certificate at fault, and is not evaluated again', async (t) => {
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
  t.equal(watch.check(record), 'revoked', 'it is draining')
  t.equal(checker.asked.length, length)
})

test('a connection keeps the identity with the chain of the decision in force', async (t) => {
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
    { refusal: { reason: 'ca_removed', detail: { step: 'issuer_unknown', certificate: { subject: /CN=Issuing/ } } } }
  ])
})
