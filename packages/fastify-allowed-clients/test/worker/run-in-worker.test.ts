import { execFile } from 'node:child_process'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { getEventListeners } from 'node:events'
import { promisify } from 'node:util'
import type { Worker } from 'node:worker_threads'
import { test } from 'tap'
import type { Test } from 'tap'
import { listConditions, runInWorker } from '../../src/rules-file/worker/run-in-worker.ts'
import type { WorkerSettings } from '../../src/rules-file/worker/run-in-worker.ts'

const run = promisify(execFile)
const entry = new URL('../support/misbehaving.worker.ts', import.meta.url)

async function ask (job: object, settings: Partial<WorkerSettings<unknown>> = {}): Promise<unknown> {
  const { signal } = new AbortController()
  return await runInWorker({ entry, job, heap: 256, signal, readAnswer: (answer) => answer, ...settings })
}

/** Notes which workers of this process are ended by `terminate`. Those that are left are ended after the test. */
function watchEnds (t: Test): { readonly started: number, readonly ended: number } {
  const workers = new Map<Worker, boolean>()
  const onWorker = (message: unknown): void => {
    const { worker } = message as { readonly worker: Worker }
    const terminate = worker.terminate.bind(worker)
    workers.set(worker, false)
    worker.terminate = async () => {
      workers.set(worker, true)
      return await terminate()
    }
  }
  subscribe('worker_threads', onWorker)
  t.teardown(async () => {
    unsubscribe('worker_threads', onWorker)
    for (const worker of workers.keys()) await worker.terminate()
  })
  return {
    get started () { return workers.size },
    get ended () { return [...workers.values()].filter((isEnded) => isEnded).length }
  }
}

test('a worker gets no environment variables and no preloaded modules', async (t) => {
  const { env, execArgv } = await ask({ what: 'tells its world' }) as { env: object, execArgv: string[] }
  t.same(env, {})
  t.same(execArgv, ['--conditions=@peerkit/source'])
  t.same(listConditions(['-C', 'a', '--import=x', '--conditions', 'b', '-C=c', '--conditions=d', '-e', 'code', '-C']), [
    '--conditions=a', '--conditions=b', '-C=c', '--conditions=d', '--conditions='
  ])
})

test('one answer counts', async (t) => {
  t.equal(await ask({ what: 'answers twice' }), 1)
})

test('what a worker prints is printed', async (t) => {
  const script = `
    import { runInWorker } from ${JSON.stringify(new URL('../../src/rules-file/worker/run-in-worker.ts', import.meta.url))}
    const { signal } = new AbortController()
    await runInWorker({ entry: new URL(${JSON.stringify(entry)}), job: { what: 'prints' }, heap: 256, signal, readAnswer: String })`
  const { stdout, stderr } = await run(process.execPath, ['--conditions=@peerkit/source', '--input-type=module', '-e', script])
  t.match(stdout, 'printed by the worker')
  t.match(stderr, 'warned by the worker')
})

test('a worker that gives no answer is told apart by what it did', async (t) => {
  const cases: ReadonlyArray<readonly [string, string, RegExp]> = [
    ['ends', 'ended', /exit code 3/],
    ['ends well', 'ended', /exit code 0/],
    ['throws later', 'ended', /it failed: later/],
    ['throws null later', 'ended', /it failed: null/],
    ['fills its memory', 'out_of_memory', /it needs more than 32 MiB of memory/],
    ['fails before it starts', 'not_started', /no module/]
  ]
  for (const [what, reason, message] of cases) await t.rejects(ask({ what }, { heap: 32 }), { reason, message }, what)
  await t.rejects(ask({}, { entry: new URL('./nowhere.ts', import.meta.url) }), { reason: 'not_started', message: /nowhere/ })
  await t.rejects(ask({ cannotBeSent: () => {} }), { reason: 'not_started', message: /could not be cloned/ })
})

test('what the job threw is thrown', async (t) => {
  await t.rejects(ask({ what: 'throws' }), { constructor: TypeError, message: 'at once', code: 'E_AT_ONCE', stack: /misbehaving\.worker/ })
  await t.rejects(ask({ what: 'throws nothing' }), { constructor: Error, message: 'it threw undefined, which is no error' })
  await t.rejects(ask({ what: 'answers what cannot be sent' }), { message: /could not be cloned/ })
})

test('no message of another shape is believed', async (t) => {
  const lies = [
    undefined, null, 5, 'answer', [], {}, { type: 'done' }, { type: 'toString' }, { type: 'error' }, { type: 'error', error: null },
    { type: 'error', error: { kind: 'Error' } }, { type: 'error', error: { kind: 5, message: 'a', stack: '', fields: {} } },
    { type: 'error', error: { kind: 'Error', message: 'a', stack: '', fields: null } },
    { type: 'error', error: { kind: 'Error', message: 'a', stack: '', fields: {}, cause: 'b' } },
    { type: 'answer', answer: 'another' }
  ]
  const readAnswer = (answer: unknown): unknown => {
    if (answer !== 'right') throw new TypeError('expected right')
    return answer
  }
  for (const message of lies) {
    await t.rejects(ask({ what: 'sends', message }, { readAnswer }), { reason: 'wrong_answer', message: /^it sent something unexpected: expected/ }, JSON.stringify(message))
  }
  t.equal(await ask({ what: 'sends', message: { type: 'answer', answer: 'right' } }, { readAnswer }), 'right')
  await t.rejects(ask({ what: 'sends', message: { type: 'error', error: { kind: '__proto__', message: 'a', stack: 'b', fields: {} } } }), { constructor: Error, message: 'a' })
})

test('a worker ends at once when nobody waits any more', async (t) => {
  const workers = watchEnds(t)
  for (const [index, what] of ['stays', 'loops'].entries()) {
    const controller = new AbortController()
    const reason = new Error('closed')
    const running = new Int32Array(new SharedArrayBuffer(4))
    const waiting = t.rejects(ask({ what, running }, { signal: controller.signal }), reason, what)
    await Atomics.waitAsync(running, 0, 0).value
    controller.abort(reason)
    await waiting
    t.equal(workers.ended, index + 1, `${what}: it is ended`)
    t.equal(getEventListeners(controller.signal, 'abort').length, 0)
    await t.rejects(ask({ what }, { signal: controller.signal }), reason, 'none is started afterwards')
    t.equal(workers.started, index + 1)
  }
})

test('a worker ends when it has answered, or failed, whatever else keeps it busy', async (t) => {
  const workers = watchEnds(t)
  t.equal(await ask({ what: 'sends', message: { type: 'answer', answer: 'right' } }), 'right')
  t.equal(workers.ended, 1, 'after its answer')
  await t.rejects(ask({ what: 'sends', message: 'another' }), { reason: 'wrong_answer', message: /^it sent something unexpected/ })
  t.equal(workers.ended, 2, 'after something else')
  await t.rejects(ask({ what: 'throws' }), { message: 'at once' })
  t.same([workers.started, workers.ended], [3, 3], 'after an error')
})

test('a worker that takes too long is ended', async (t) => {
  const workers = watchEnds(t)
  await t.rejects(ask({ what: 'loops' }, {
    schedule: (task) => {
      const timer = setImmediate(task)
      return () => { clearImmediate(timer) }
    }
  }), { reason: 'timeout', message: 'it gave no answer within 600 s' })
  t.same([workers.started, workers.ended], [1, 1])
})
