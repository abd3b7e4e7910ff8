import t, { test } from 'tap'
import { execFile } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Test } from 'tap'
import type { FastifyAllowedClientsOptions } from '../../src/index.ts'
import type { ReadInWorker } from '../../src/rules-file/reading-places.ts'
import { PLACES } from '../../src/rules-file/reading-places.ts'
import type { RulesJob } from '../../src/rules-file/rules-job.ts'
import { RulesReader } from '../../src/rules-file/rules-reader.ts'
import { OpenedFile } from '../../src/rules-file/packed-file.ts'
import { compileInWorker } from '../../src/rules-file/worker/compile-in-worker.ts'
import { runInWorker } from '../../src/rules-file/worker/run-in-worker.ts'
import { guardedApp } from '../support/app.ts'
import type { TestApp } from '../support/app.ts'
import { billing, ops } from '../support/people.ts'

const run = promisify(execFile)
const directory = await mkdtemp(join(tmpdir(), 'peerkit-worker-'))
t.teardown(async () => { await rm(directory, { recursive: true }) })
const misbehaving = new URL('../support/misbehaving.worker.ts', import.meta.url)

/** Rules that let one unit in, in a file that is too large for the main thread. */
const rulesFor = (ou: string): string => JSON.stringify({ groups: { a: { ou } } }) + ' '.repeat(40_000)
const REFUSED = 'rules file refused, the old rules stay in force'
let count = 0

interface Started extends TestApp {
  readonly file: string
  write (text: string): Promise<void>
  reload (): Promise<void>
}

/** An app with rules for billing, whose file is read by `inWorker` from then on. */
async function start (t: Test, inWorker: ReadInWorker, options: FastifyAllowedClientsOptions = {}): Promise<Started> {
  const file = join(directory, `rules-${++count}.json`)
  const write = async (text: string): Promise<void> => {
    await writeFile(`${file}.new`, text)
    await rename(`${file}.new`, file)
  }
  await write(rulesFor('billing'))
  let read: ReadInWorker = compileInWorker
  const places = { inWorker: async (job: RulesJob, signal: AbortSignal) => await read(job, signal) }
  const made = await guardedApp({ file, watch: false, ...options, [PLACES]: places } as FastifyAllowedClientsOptions)
  t.teardown(async () => { await made.app.close() })
  made.app.get('/', { config: { allowedClients: 'a' } }, async () => 'x')
  await made.app.ready()
  read = inWorker
  return { ...made, file, write, reload: async () => { await made.app.mtls.reload() } }
}

/** A worker that does something else with the job. */
function doing (what: string, heap = 64): ReadInWorker {
  return async (_job, signal) => {
    return await runInWorker({ entry: misbehaving, job: { what }, heap, signal, readAnswer: (answer) => answer as never })
  }
}

test('a large file is read in a worker, a small one here', async (t) => {
  const jobs: RulesJob[] = []
  const inWorker: ReadInWorker = async (job, signal) => {
    jobs.push(job)
    return await compileInWorker(job, signal)
  }
  const { write, reload, status, file } = await start(t, inWorker, { groups: { mine: { ou: 'x' } }, defaultRules: 'mine' })
  await write(rulesFor('ops'))
  await reload()
  t.same([await status(ops, '/'), await status(billing, '/')], [200, 403])
  t.match(jobs, [{
    file, inForce: { hash: /^.{44}$/ }, authorities: [{ name: 'default', names: 'any' }], codeGroups: ['mine'], hasDefaultRules: true
  }])
  await write(rulesFor('billing').trim())
  await reload()
  t.same([jobs.length, await status(billing, '/')], [1, 200])
  await write(rulesFor('billing').trim().padEnd(32 * 1024))
  await reload()
  t.equal(jobs.length, 1, '32 KiB is small')
  await write(rulesFor('billing').trim().padEnd(32 * 1024 + 1))
  await reload()
  t.equal(jobs.length, 2)
})

test('authorities that no worker can be told of keep the file here', async (t) => {
  const file = join(directory, 'told.json')
  await writeFile(file, rulesFor('billing'))
  const reader = new RulesReader({ warn: () => {} } as never, { inWorker: async () => { throw new Error('asked a worker') } })
  const job = { file, inForce: undefined, codeGroups: [], hasDefaultRules: false, now: 0 }
  const { signal } = new AbortController()
  const told = [{ name: 'x', vouchesFor: () => true, mayClaim: () => true }]
  t.match(await reader.read(job, told, signal), { file: { packed: { groups: '["a"]' } } })
  await t.rejects(reader.read(job, undefined, signal), { message: 'asked a worker' })
  await t.rejects(reader.read(job, [], signal), { message: 'asked a worker' })
})

test('a worker that fails changes nothing, and is told of once', async (t) => {
  for (const [what, reason, message] of [
    ['ends', 'unreadable', /the worker that read it gave no answer: it ended with the exit code 3/],
    ['throws later', 'unreadable', /it failed: later/],
    ['fills its memory', 'too_large', /it needs more than 64 MiB of memory/]
  ] as const) {
    const { write, reload, status, lines, app } = await start(t, doing(what))
    await write(rulesFor('ops'))
    for (const time of [1, 2]) {
      await t.rejects(reload(), { code: 'MTLS_ERR_RULES_FILE_INVALID', reason, message, cause: { reason: /./ } }, `${what}, ${time}`)
      t.same([await status(billing, '/'), await status(ops, '/'), app.mtls.rulesVersion], [200, 403, 1])
      t.match(lines.filter(({ msg }) => msg === REFUSED), [{ reason, level: 50 }])
    }
  }
})

test('a fault in the worker is told of with its stack', async (t) => {
  const { write, reload, lines } = await start(t, doing('throws'))
  await write(rulesFor('ops'))
  await t.rejects(reload(), { constructor: TypeError, message: 'at once' })
  t.match(lines.find(({ msg }) => msg === REFUSED), { err: { type: 'TypeError', message: 'at once', stack: /misbehaving\.worker/ } })
})

test('where no worker starts, this thread reads, and warns once', async (t) => {
  const nowhere: ReadInWorker = async (job, signal) => await compileInWorker(job, signal, new URL('./nowhere.ts', import.meta.url))
  const { write, reload, status, lines } = await start(t, nowhere)
  for (const [ou, peer] of [['ops', ops], ['billing', billing]] as const) {
    await write(rulesFor(ou))
    await reload()
    t.equal(await status(peer, '/'), 200)
  }
  t.match(lines.filter(({ msg }) => msg.startsWith('no worker can be started')), [{ level: 40, detail: /nowhere/, file: /rules-/ }])
})

test('what cannot fit into the memory of a worker is refused before it ends the process', async (t) => {
  const file = join(directory, 'empty-objects.json')
  await writeFile(file, `{"groups":{"a":[${'{},'.repeat(10_000_000)}1]}}`)
  const { signal } = new AbortController()
  const job = { file, inForce: undefined, authorities: undefined, codeGroups: [], hasDefaultRules: false, now: 0 }
  const entry = new URL('../../src/rules-file/worker/peerkit-rules.worker.ts', import.meta.url)
  await t.rejects(runInWorker({ entry, job, heap: 64, signal, readAnswer: String }), {
    code: 'MTLS_ERR_RULES_FILE_INVALID', reason: 'too_large', message: /reading it may need 8\d\d MB of memory; expected at most \d+ MB/
  })
  const yaml = join(directory, 'list.yaml')
  await writeFile(yaml, `groups:\n  a:\n${'  - { ou: a, cn: b }\n'.repeat(100_000)}`)
  await t.rejects(runInWorker({ entry, job: { ...job, file: yaml }, heap: 64, signal, readAnswer: String }), {
    reason: 'out_of_memory', message: 'it needs more than 64 MiB of memory'
  })
})

test('a file that is replaced while a worker reads it is read again', async (t) => {
  const read: string[] = []
  const { write, reload, status, app } = await start(t, async (job, signal) => {
    const answer = await compileInWorker(job, signal)
    if (answer !== undefined) read.push(new OpenedFile(answer.file).ruleSets.store.textOf(0))
    if (read.length === 1) await write(rulesFor('ops'))
    return answer
  })
  await write(rulesFor('nobody'))
  await reload()
  t.same(read, ['{"ou":"nobody"}', '{"ou":"ops"}'])
  t.same([await status(ops, '/'), app.mtls.rulesVersion], [200, 2], 'what was replaced never came into force')
})

test('a hundred reloads at once share a reading', async (t) => {
  const events = new EventEmitter()
  let readings = 0
  const { write, reload, status, lines } = await start(t, async (job, signal) => {
    readings++
    const answer = compileInWorker(job, signal)
    events.emit('reading')
    return await answer
  })
  const hundred = async (): Promise<PromiseSettledResult<void>[]> => await Promise.allSettled(Array.from({ length: 100 }, reload))
  await write(rulesFor('ops'))
  const reading = once(events, 'reading')
  const first = hundred()
  await reading
  await write(rulesFor('billing'))
  const others = hundred()
  t.ok([...await first, ...await others].every((one) => one.status === 'fulfilled'))
  t.equal(await status(billing, '/'), 200, 'what was written before a call is in force after it')
  t.ok(readings <= 3, 'one, one more since the file changed meanwhile, and one for those who came later')
  await write('{' + ' '.repeat(40_000))
  readings = 0
  const refused = await hundred()
  t.equal(readings, 1)
  t.ok(refused.every((one) => one.status === 'rejected' && one.reason.reason === 'malformed'), 'each caller is told')
  t.equal(lines.filter(({ msg }) => msg === REFUSED).length, 1)
})

test('an app that closes waits for no worker, nor for reloads that wait', async (t) => {
  for (const what of ['stays', 'loops']) {
    const events = new EventEmitter()
    const { app, write, reload, lines } = await start(t, async (job, signal) => {
      events.emit('asked')
      return await doing(what)(job, signal)
    })
    await write(rulesFor('ops'))
    const asked = once(events, 'asked')
    const reloads = [reload(), reload(), reload()]
    await asked
    const [, ...settled] = await Promise.allSettled([app.close(), ...reloads])
    t.same(settled.map((one) => one.status === 'rejected' && one.reason.name), ['AbortError', 'AbortError', 'AbortError'], what)
    t.equal(lines.filter(({ msg }) => msg === REFUSED).length, 0, 'nobody is told of it')
  }
})

test('an app that closes waits for no worker that reads a changed file', async (t) => {
  const events = new EventEmitter()
  const { app, write } = await start(t, async (job, signal) => {
    events.emit('asked')
    return await doing('loops')(job, signal)
  }, { watch: { pollInterval: 20, debounce: 1 } })
  await app.listen({ host: '127.0.0.1', port: 0 })
  const asked = once(events, 'asked')
  await write(rulesFor('ops'))
  await asked
  await app.close()
})

test('Node without the right to start workers reads on the main thread, and says what that costs', async (t) => {
  const file = join(directory, 'permission.json')
  await writeFile(file, rulesFor('billing'))
  const script = join(import.meta.dirname, '../support/permitted-app.ts')
  const start = async (...flags: string[]): Promise<string> => {
    // tap adds its hooks to NODE_OPTIONS of each process, and these may not run with --permission.
    const args = ['-u', 'NODE_OPTIONS', process.execPath, '--permission', '--allow-fs-read=*', ...flags, '--conditions=@peerkit/source', script, file]
    return (await run('env', args)).stdout
  }
  t.match(await start(), /no worker can be started .*about 1 s for 100,000 rules.*\nrules version 1\n$/)
  t.equal(await start('--allow-worker'), 'rules version 1\n')
})
