import { inspect } from 'node:util'
import { test } from 'tap'
import { EMITTER, credentialsWarned, emitterOf, isAuditKept, joinApp, joinEmitter, keepAudit, listen, requestDenied } from '../src/index.ts'
import type { CredentialsWarnedMessage } from '../src/index.ts'

const warned = (emitter?: object): CredentialsWarnedMessage =>
  ({ v: 1, time: 1, message: 'x', generation: 1, ...(emitter !== undefined && { [EMITTER]: () => emitter }) })

test('a message names its emitter, and no text made of it does', (t) => {
  const server = { secret: 'not for logs' }
  const message = warned(server)
  t.equal(emitterOf(message), server)
  t.equal(emitterOf(warned()), undefined)
  t.equal(JSON.stringify(message), JSON.stringify(warned()))
  t.same(structuredClone(message), warned())
  t.notMatch(inspect(message, { showHidden: true, depth: Infinity }), /not for logs/)
  t.end()
})

test('the listeners of an app hear its own emitters, the parts of these, and what belongs to no app', (t) => {
  const [mine, yours, source, part, foreign, shared, free] = [{}, {}, {}, {}, {}, {}, {}]
  const heard: Array<object | undefined> = []
  t.teardown(listen({ 'peerkit:credentials:warned': (message) => { heard.push(emitterOf(message)) } }, { server: mine }))
  const leave = joinApp(mine, source, undefined, shared)
  joinApp(yours, foreign, shared)
  joinEmitter(part, source)
  joinEmitter(part, source)
  // A circle must not hang.
  joinEmitter(source, part)
  const all = [mine, source, part, shared, free, undefined]
  for (const emitter of [yours, foreign, ...all]) credentialsWarned.publish(warned(emitter))
  t.same(heard.splice(0).length, all.length)
  for (const emitter of all) credentialsWarned.publish(warned(emitter))
  t.ok(heard.splice(0).every((emitter, index) => emitter === all[index]))
  leave()
  credentialsWarned.publish(warned(shared))
  t.equal(heard.length, 0, 'after an app left, what it shared is of the others')
  t.end()
})

test('without an app, a listener hears the whole process', (t) => {
  const yours = {}
  let heard = 0
  t.teardown(joinApp(yours))
  t.teardown(listen({ 'peerkit:request:denied': () => { heard++ } }))
  requestDenied.publish({ v: 1, time: 1, [EMITTER]: () => yours } as any)
  t.equal(heard, 1)
  t.end()
})

test('leaving twice, and one of two memberships', (t) => {
  const [mine, other, source] = [{}, {}, {}]
  let heard = 0
  t.teardown(listen({ 'peerkit:credentials:warned': () => { heard++ } }, { server: other }))
  const [first, second] = [joinApp(mine, source), joinApp(mine, source)]
  first()
  first()
  credentialsWarned.publish(warned(source))
  t.equal(heard, 0)
  second()
  credentialsWarned.publish(warned(source))
  t.equal(heard, 1, 'it belongs to no app any more')
  t.end()
})

test('an audit log is kept for one app, or for the process', (t) => {
  const [mine, yours] = [{}, {}]
  const [first, second] = [keepAudit(mine), keepAudit(mine)]
  t.same([isAuditKept(mine), isAuditKept(yours), isAuditKept()], [true, false, false])
  t.same(Object.keys(mine), [])
  first()
  first()
  t.equal(isAuditKept(mine), true)
  second()
  t.equal(isAuditKept(mine), false)
  const release = keepAudit()
  t.same([isAuditKept(mine), isAuditKept(yours), isAuditKept()], [true, true, true])
  release()
  t.equal(isAuditKept(mine), false)
  t.end()
})
