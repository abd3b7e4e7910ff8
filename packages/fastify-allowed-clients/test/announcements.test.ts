import { keepAudit, listen } from '@peerkit/events'
import type { RequestJudgedMessage } from '@peerkit/events'
import { test } from 'tap'
import type { Test } from 'tap'
import { RulesAccessPolicy } from '../src/policy/access-policy.ts'
import { guardedApp } from './support/app.ts'
import { billing, ops } from './support/people.ts'

const groups = { billing: { ou: 'billing' }, ops: { ou: 'ops' } }
const answer = async (): Promise<string> => 'x'

/** Counts how often the nearest rule is looked for. */
function countLooks (t: Test): () => number {
  const { nearest } = RulesAccessPolicy.prototype
  let looks = 0
  RulesAccessPolicy.prototype.nearest = function (peer, request) {
    looks++
    return nearest.call(this, peer, request)
  }
  t.teardown(() => { RulesAccessPolicy.prototype.nearest = nearest })
  return () => looks
}

test('the nearest rule is looked for only where a line is read or somebody listens', async (t) => {
  const looks = countLooks(t)
  const { app, status, lines } = await guardedApp({ groups })
  app.get('/a', { config: { allowedClients: ['billing'] } }, answer)
  t.equal(await status(ops, '/a'), 403)
  t.equal(looks(), 1, 'a line is written')
  const release = keepAudit()
  t.teardown(release)
  t.equal(await status(ops, '/a'), 403)
  t.equal(looks(), 1, 'the line is left to the audit log, which does not listen')
  t.equal(lines.filter(({ msg }) => msg === 'client denied').length, 1)
  t.teardown(listen({ 'peerkit:request:denied': () => {} }))
  t.equal(await status(ops, '/a'), 403)
  t.equal(looks(), 2)
})

test('a predicate that throws has its line even where an audit log is kept', async (t) => {
  t.teardown(keepAudit())
  const { app, status, lines } = await guardedApp({ groups })
  app.get('/a', { config: { allowedClients: [() => { throw new Error('mistaken') }] } }, answer)
  t.equal(await status(ops, '/a'), 403)
  t.match(lines.filter(({ msg }) => msg === 'client denied'), [{ reason: 'predicate_failed', err: { message: 'mistaken' } }])
})

test('verdicts are timed, and said to be cached, only where allowed requests are heard', async (t) => {
  const messages: RequestJudgedMessage[] = []
  const take = (message: RequestJudgedMessage): void => { messages.push(message) }
  t.teardown(listen({ 'peerkit:request:denied': take }))
  const { app, status } = await guardedApp({ groups })
  app.get('/a', { config: { allowedClients: ['billing'] } }, answer)
  app.get('/asked', { config: { allowedClients: [() => true] } }, answer)
  t.equal(await status(ops, '/a'), 403)
  t.match(messages, [{ durationMs: undefined, cached: undefined }])
  t.teardown(listen({ 'peerkit:request:allowed': take }))
  for (const path of ['/a', '/a', '/asked', '/asked']) t.equal(await status(billing, path), 200)
  t.equal(await status(ops, '/a'), 403)
  t.same(messages.slice(1).map(({ cached }) => cached), [false, true, false, false, true], 'a predicate is asked each time')
  t.ok(messages.slice(1).every(({ durationMs = -1 }) => durationMs >= 0))
})
