// A worker that does what `workerData.what` says.
import { parentPort, workerData } from 'node:worker_threads'
import { serveJob } from '../../src/rules-file/worker/serve-job.ts'

const send = (message: unknown): void => { parentPort?.postMessage(message) }
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
  stays: async () => { await new Promise(() => { setInterval(() => {}, 1_000_000) }) },
  loops: () => { for (;;); },
  ends: () => process.exit(3),
  'ends well': () => process.exit(0),
  'throws later': async () => { await new Promise(() => { setImmediate(() => { throw new RangeError('later') }) }) },
  'throws nothing': async () => { await new Promise((_resolve, reject) => { reject() }) }, // eslint-disable-line prefer-promise-reject-errors
  throws: () => { throw Object.assign(new TypeError('at once'), { code: 'E_AT_ONCE' }) },
  'answers what cannot be sent': () => () => {},
  'fills its memory': () => {
    const kept: string[][] = []
    for (;;) kept.push(Array.from({ length: 1000 }, (_, at) => `${at} ${kept.length}`))
  },
  sends: () => {
    send(workerData.message)
    setInterval(() => {}, 1_000_000)
  }
}

if (workerData.what === 'fails before it starts') throw new Error('no module')
await serveJob(async (job: { readonly what: string }) => await deeds[job.what]?.())
