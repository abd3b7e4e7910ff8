// A worker that does what its job says in `what`.
import { parentPort, workerData } from 'node:worker_threads'

const { job } = workerData
const send = (message: unknown): void => { parentPort?.postMessage(message) }
/** Sets the number that the job may have, so that others know that it runs. */
const tellRunning = (): void => {
  const { running } = job as { readonly running?: Int32Array }
  if (running === undefined) return
  Atomics.store(running, 0, 1)
  Atomics.notify(running, 0)
}
const deeds: Readonly<Record<string, () => unknown>> = {
  'answers twice': () => {
    for (const answer of [1, 2]) send({ type: 'answer', answer })
  },
  'tells its world': () => ({ env: process.env, execArgv: process.execArgv }),
  prints: () => {
    process.stdout.write('printed by the worker\n')
    process.stderr.write('warned by the worker\n')
    return 'printed'
  },
  stays: async () => {
    tellRunning()
    await new Promise(() => { setInterval(() => {}, 1_000_000) })
  },
  loops: () => {
    tellRunning()
    for (;;);
  },
  ends: () => process.exit(3),
  'ends well': () => process.exit(0),
  'throws later': async () => { await new Promise(() => { setImmediate(() => { throw new RangeError('later') }) }) },
  'throws null later': async () => { await new Promise(() => { setImmediate(() => { throw null }) }) }, // eslint-disable-line no-throw-literal
  'throws nothing': async () => { await new Promise((_resolve, reject) => { reject() }) }, // eslint-disable-line prefer-promise-reject-errors
  throws: () => { throw Object.assign(new TypeError('at once'), { code: 'E_AT_ONCE' }) },
  'answers what cannot be sent': () => () => {},
  'fills its memory': () => {
    const kept: string[][] = []
    for (;;) kept.push(Array.from({ length: 1000 }, (_, at) => `${at} ${kept.length}`))
  }
}

if (job.what === 'fails before it starts') throw new Error('no module')
if (job.what === 'sends') {
  send(job.message)
  setInterval(() => {}, 1_000_000)
} else {
  const { serveJob } = await import('../../src/rules-file/worker/serve-job.ts')
  await serveJob(async (job: { readonly what: string }) => await deeds[job.what]?.())
}
