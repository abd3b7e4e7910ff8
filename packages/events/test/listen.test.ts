import { channel } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { test } from 'tap'
import { credentialsWarned, eventNames, isAuditKept, keepAudit, listen, rulesReloaded } from '../src/index.ts'

const warned = { v: 1, time: 1, message: 'an anchor has ended', generation: 1 } as const

test('hears the named channels, and nothing more once it was ended', (t) => {
  const heard: string[] = []
  const stop = listen({ 'peerkit:credentials:warned': ({ message }, name) => { heard.push(`${name} ${message}`) } })
  credentialsWarned.publish(warned)
  rulesReloaded.publish({ v: 1, time: 1, file: 'f', generation: 2 })
  stop()
  credentialsWarned.publish(warned)
  t.same(heard, ['peerkit:credentials:warned an anchor has ended'])
  t.notOk(credentialsWarned.hasSubscribers)
  t.end()
})

test('a message of another version, and one that is none, are not passed on', (t) => {
  const heard: unknown[] = []
  const errors: unknown[] = []
  t.teardown(listen({ 'peerkit:credentials:warned': (message) => { heard.push(message) } }, { onError: (error) => { errors.push(error) } }))
  for (const message of [{ ...warned, v: 2 }, null, 'text', {}]) channel('peerkit:credentials:warned').publish(message)
  t.same(heard, [])
  t.equal(errors.length, 4)
  t.end()
})

test('what a listener throws is a warning, once, and no exception of the process', async (t) => {
  const stop = listen({ 'peerkit:credentials:warned': () => { throw new Error('mistaken') } })
  const warning = once(process, 'warning')
  credentialsWarned.publish(warned)
  credentialsWarned.publish(warned)
  const [found] = await warning
  t.match(found, { code: 'PEERKIT_LISTENER_FAILED', message: /peerkit:credentials:warned threw an error: Error: mistaken/ })
  stop()
})

test('what is thrown may be anything', async (t) => {
  // eslint-disable-next-line no-throw-literal
  const stop = listen({ 'peerkit:credentials:warned': () => { throw 'text' } })
  const warning = once(process, 'warning')
  credentialsWarned.publish(warned)
  t.match((await warning)[0], { message: /threw an error: text/ })
  stop()
})

test('nobody listens by default, whatever is imported', (t) => {
  t.same(eventNames.filter((name) => channel(name).hasSubscribers), [])
  t.end()
})

test('an audit log is kept until the last one ends', (t) => {
  const [one, other] = [keepAudit(), keepAudit()]
  one()
  channel('peerkit:audit:kept').publish({})
  t.equal(isAuditKept(), true)
  other()
  t.equal(isAuditKept(), false)
  t.end()
})
