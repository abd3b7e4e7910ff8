import { once } from 'node:events'
import { EventEmitter } from 'node:events'
import { mkdtemp, rename, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { listen } from '@peerkit/events'
import type { RulesReloadedMessage } from '@peerkit/events'
import { test } from 'tap'
import type { FastifyAllowedClientsOptions, RulesChange } from '../src/index.ts'
import { PLACES } from '../src/rules-file/reading-places.ts'
import { doRulesJob } from '../src/rules-file/rules-job.ts'
import type { RulesAnswer, RulesJob } from '../src/rules-file/rules-job.ts'
import { guardedApp } from './support/app.ts'
import type { TestApp } from './support/app.ts'
import { billing, ops } from './support/people.ts'

const directory = await mkdtemp(join(tmpdir(), 'peerkit-reload-'))
let count = 0

interface Started extends TestApp { write (rules: object): Promise<void> }

async function start (
  t: { teardown (fn: () => unknown): void }, rules: object, options: FastifyAllowedClientsOptions
): Promise<Started> {
  const file = join(directory, `rules-${++count}.json`)
  const write = async (next: object): Promise<void> => {
    await writeFile(`${file}.new`, JSON.stringify(next))
    await rename(`${file}.new`, file)
  }
  await write(rules)
  const made = await guardedApp({ file, watch: false, ...options })
  t.teardown(async () => { await made.app.close() })
  made.app.get('/', async () => 'x')
  await made.app.ready()
  return { ...made, write }
}

const BILLING = { groups: { all: [{ ou: 'billing' }] }, defaultRules: ['all'] }
const OPS = { groups: { all: [{ ou: 'ops' }], more: { cn: 'm' } }, defaultRules: ['all'] }

test('onReload sees which rules come and go, and the event states them', async (t) => {
  const changes: RulesChange[] = []
  const messages: RulesReloadedMessage[] = []
  t.teardown(listen({ 'peerkit:rules:reloaded': (message) => { messages.push(message) } }))
  const { app, status, write } = await start(t, BILLING, { onReload: (change) => { changes.push(change) } })
  t.equal(changes.length, 0, 'the first reading is not asked about')
  await write(OPS)
  await app.mtls.reload()
  t.equal(await status(ops, '/'), 200)
  t.match(changes, [{
    generation: 2,
    added: [{ path: 'groups.all', rule: '{"ou":"ops"}' }, { path: 'groups.more', rule: '{"cn":"m"}' }],
    removed: [{ path: 'groups.all', rule: '{"ou":"billing"}' }],
    addedCount: 2,
    removedCount: 1,
    countBefore: 2,
    countAfter: 3
  }])
  t.match(messages, [{
    generation: 2,
    added: ['groups.all: {"ou":"ops"}', 'groups.more: {"cn":"m"}'],
    removed: ['groups.all: {"ou":"billing"}'],
    addedCount: 2,
    removedCount: 1
  }])
  const rules = { groups: { 'a b': 'all', all: { ou: 'ops' }, more: { cn: 'm' } }, defaultRules: ['all'] }
  await write({ ...rules, routes: { 'GET /': 'public' } })
  await t.rejects(app.mtls.reload(), { code: 'MTLS_ERR_RULES_FILE_INVALID' }, 'an invalid file is not asked about')
  await write({ ...rules, routes: { 'GET /': 'authenticated' } })
  await app.mtls.reload()
  t.match(changes[1], {
    generation: 3,
    added: [{ path: 'groups["a b"]', rule: '"all"' }, { path: 'routes["GET /"]', rule: '"authenticated"' }],
    removed: [],
    addedCount: 2,
    removedCount: 0,
    countBefore: 3,
    countAfter: 5
  })
  t.equal(changes.length, 2)
})

test('onReload refuses by false, by an error and by an answer that is none', async (t) => {
  const answers: Record<string, () => unknown> = {
    'onReload refused the change': () => false,
    'onReload refused the change: two pairs of eyes': () => { throw new Error('two pairs of eyes') },
    'onReload refused the change: later': async () => { throw new Error('later') },
    'onReload returned "yes"; expected true, false or nothing': async () => 'yes',
    'onReload returned null; expected true, false or nothing': () => null
  }
  for (const [message, onReload] of Object.entries(answers)) {
    const { app, status, write, lines } = await start(t, BILLING, { onReload: onReload as never })
    await write(OPS)
    await t.rejects(app.mtls.reload(), { code: 'MTLS_ERR_RULES_FILE_INVALID', reason: 'rejected', message: new RegExp(message.replace(/"/g, '.')) })
    t.equal(await status(ops, '/'), 403, message)
    t.equal(await status(billing, '/'), 200, 'the old rules stay in force')
    t.equal(app.mtls.rulesVersion, 1)
    t.match(lines.find(({ msg }) => msg.startsWith('rules file refused')), { code: 'MTLS_ERR_RULES_FILE_INVALID', reason: 'rejected' })
  }
})

test('a refusal that lasts is told once, although each reading asks', async (t) => {
  let asked = 0
  let isOpen = false
  const { app, status, write, lines } = await start(t, BILLING, {
    onReload: () => {
      asked++
      return isOpen
    }
  })
  const told = (): number => lines.filter(({ msg }) => msg.startsWith('rules file refused')).length
  await write(OPS)
  for (const time of [1, 2, 3]) {
    await t.rejects(app.mtls.reload(), { code: 'MTLS_ERR_RULES_FILE_INVALID', reason: 'rejected' })
    t.same([asked, told()], [time, 1])
  }
  isOpen = true
  await app.mtls.reload()
  t.equal(await status(ops, '/'), 200)
  isOpen = false
  await write(BILLING)
  await t.rejects(app.mtls.reload(), { code: 'MTLS_ERR_RULES_FILE_INVALID', reason: 'rejected' })
  t.equal(told(), 2, 'a later one is told again')
})

test('a change waits for onReload, and those after it wait too', async (t) => {
  const gate = new EventEmitter()
  const order: number[] = []
  const { app, status, write } = await start(t, BILLING, {
    onReload: async ({ generation }) => {
      order.push(generation)
      gate.emit('asked')
      await once(gate, 'open')
    }
  })
  await write(OPS)
  const asked = once(gate, 'asked')
  const first = app.mtls.reload()
  const second = app.mtls.reload()
  await asked
  t.equal(await status(ops, '/'), 403, 'the old rules decide meanwhile')
  gate.emit('open')
  await Promise.all([first, second])
  t.equal(await status(ops, '/'), 200)
  t.same(order, [2], 'the same file is asked about once')
})

test('a change of a watched file is gated too', async (t) => {
  let isOpen = false
  const asked: number[] = []
  const events = new EventEmitter()
  t.teardown(listen({
    'peerkit:rules:refused': ({ error }) => { events.emit('refused', error) },
    'peerkit:rules:reloaded': () => { events.emit('reloaded') }
  }))
  const { app, status, write } = await start(t, BILLING, {
    onReload: ({ countAfter }) => {
      asked.push(countAfter)
      return isOpen
    },
    watch: { pollInterval: 50, debounce: 10 }
  })
  // An app that listens keeps the process running, so that its file is followed.
  await app.listen({ host: '127.0.0.1', port: 0 })
  const refused = once(events, 'refused')
  await write(OPS)
  t.match((await refused)[0], { code: 'MTLS_ERR_RULES_FILE_INVALID', reason: 'rejected' })
  t.equal(await status(ops, '/'), 403)
  isOpen = true
  const reloaded = once(events, 'reloaded')
  await write({ ...OPS, defaultRules: ['all', { cn: 'a' }] })
  await reloaded
  t.equal(await status(ops, '/'), 200)
  t.same(asked, [3, 4], 'about each file once')
  isOpen = false
  await write({ ...OPS, defaultRules: ['all', { cn: 'a' }, { cn: 'b' }] })
  await t.rejects(app.mtls.reload(), { code: 'MTLS_ERR_RULES_FILE_INVALID', reason: 'rejected' })
  isOpen = true
  const again = once(events, 'reloaded')
  await write(BILLING)
  await again
  t.same(asked.filter((count, at) => asked.indexOf(count) !== at), [], 'also about one that reload() read')
})

test('what was read while another change waited is compared with that change', async (t) => {
  const gate = new EventEmitter()
  const changes: RulesChange[] = []
  let readings = 0
  const onReload = async (change: RulesChange): Promise<void> => {
    changes.push(change)
    gate.emit('asked')
    await once(gate, 'open')
  }
  const inWorker = async (job: RulesJob): Promise<RulesAnswer> => {
    const answer = await doRulesJob(job)
    // The first is that at the start, and one is that of reload(). The file is followed by the other.
    if (++readings === 3) setImmediate(() => { gate.emit('read') })
    return answer
  }
  const { app, status, write } = await start(t, BILLING, {
    onReload, watch: { pollInterval: 20, debounce: 100 }, [PLACES]: { mostHere: -1, inWorker }
  } as FastifyAllowedClientsOptions)
  await app.listen({ host: '127.0.0.1', port: 0 })
  const open = async (): Promise<void> => {
    const asked = once(gate, 'asked')
    gate.emit('open')
    await asked
  }
  const [asked, read] = [once(gate, 'asked'), once(gate, 'read')]
  await write(OPS)
  const reload = app.mtls.reload()
  await asked
  // Beside the rules of the start, of which the first change says nothing any more.
  await write({ ...BILLING, groups: { ...BILLING.groups, unrelated: { cn: 'u' } } })
  await read
  await open()
  t.equal(await status(ops, '/'), 200, 'the first change is in force, and the verdict is remembered')
  t.match(changes[1], {
    generation: 3,
    added: [{ path: 'groups.all', rule: '{"ou":"billing"}' }, { path: 'groups.unrelated', rule: '{"cn":"u"}' }],
    removed: [{ path: 'groups.all', rule: '{"ou":"ops"}' }, { path: 'groups.more', rule: '{"cn":"m"}' }]
  })
  const reloaded = new Promise<void>((resolve) => { t.teardown(listen({ 'peerkit:rules:reloaded': () => { resolve() } })) })
  gate.emit('open')
  await Promise.all([reloaded, reload])
  t.equal(await status(ops, '/'), 403)
  t.equal(await status(billing, '/'), 200)
})

test('an onReload that never answers does not keep the app open', async (t) => {
  const asked = new EventEmitter()
  const { app, write } = await start(t, BILLING, {
    onReload: async () => {
      asked.emit('now')
      await new Promise(() => {})
    }
  })
  await write(OPS)
  const now = once(asked, 'now')
  const reload = app.mtls.reload()
  await now
  await Promise.all([t.rejects(reload, { reason: 'rejected', message: /until the app closed/ }), app.close()])
})

test('onReload is checked', async (t) => {
  await t.rejects(guardedApp({ onReload: () => {} }), { code: 'MTLS_ERR_ALLOWED_CLIENTS_OPTION', message: /no file to reload/ })
  await t.rejects(guardedApp({ file: 'x.json', onReload: 1 as never }), { code: 'MTLS_ERR_ALLOWED_CLIENTS_OPTION', message: /onReload/ })
})

test('onReload may wait for another reload, which begins after its answer', async (t) => {
  const asked: number[] = []
  const made: Started = await start(t, BILLING, {
    onReload: async ({ generation }) => {
      asked.push(generation)
      if (asked.length === 1) await made.write(BILLING)
      await made.app.mtls.reload()
    }
  })
  const { app, status, write } = made
  await write(OPS)
  await app.mtls.reload()
  t.same([await status(ops, '/'), app.mtls.rulesVersion], [200, 2])
  await app.mtls.reload()
  t.same([await status(billing, '/'), app.mtls.rulesVersion], [200, 3], 'the file was read again')
  t.same(asked, [2, 3])
})

test('each file that is refused is told of, also if it is wrong in the same way', async (t) => {
  const { app, lines, write } = await start(t, BILLING, {})
  const refused = (): number => lines.filter(({ msg }) => msg.startsWith('rules file refused')).length
  for (const [index, ou] of ['a', 'b', 'b'].entries()) {
    await write({ groups: { all: [{ ou }] }, defaultRules: ['nobody'] })
    await t.rejects(app.mtls.reload(), { code: 'MTLS_ERR_RULES_FILE_INVALID' })
    await t.rejects(app.mtls.reload(), { code: 'MTLS_ERR_RULES_FILE_INVALID' })
    t.equal(refused(), index + 1)
  }
})
