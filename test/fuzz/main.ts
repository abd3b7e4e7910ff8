// npm run fuzz -- [--minutes 60] [--seed N] [--only crl,ocsp] [--inputs N]
//
// Runs the fuzzers one after the other, each for its share of the time, and exits with 1 if one has a finding. A finding
// is kept in corpus/NAME, from where every later run tries it again. The same seed gives the same inputs.
import { parseArgs } from 'node:util'
import { Worker } from 'node:worker_threads'
import { keepInCorpus } from './engine/corpus.ts'
import { fuzzers } from './fuzzers.ts'
import type { WorkerOrder, WorkerReport } from './engine/fuzz-worker.ts'

/** Minutes without one finished input, after which the input counts as one that never ends. */
const HANGS_AFTER = 5

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' }, seed: { type: 'string' }, only: { type: 'string' }, inputs: { type: 'string' }
  }
})
const minutes = Number(values.minutes)
const seed = Number(values.seed ?? Date.now() % 1_000_000)
const names = values.only?.split(',') ?? fuzzers.map(({ name }) => name)
const unknown = names.filter((name) => !fuzzers.some((one) => one.name === name))
if (unknown.length > 0 || !(minutes > 0) || !Number.isInteger(seed)) {
  console.error(`found --only ${unknown.join(',') || '(all)'}, --minutes ${values.minutes}, --seed ${values.seed}; expected ` +
    `names of ${fuzzers.map(({ name }) => name).join(', ')}, minutes above 0 and a whole number`)
  process.exit(2)
}
console.log(`seed ${seed}, ${names.length} fuzzers, ${minutes} minutes in all, node ${process.version}`)

let findings = 0
for (const name of names) {
  const { about } = fuzzers.find((one) => one.name === name) as typeof fuzzers[number]
  const began = process.cpuUsage()
  const share = minutes * 60_000 / names.length
  const inputs = values.inputs === undefined ? undefined : Number(values.inputs)
  const report = await runInWorker({ name, seed, milliseconds: share, inputs })
  const { user, system } = process.cpuUsage(began)
  const rate = Math.round(report.inputs / ((user + system) / 1_000_000))
  console.log(`${name} (${about}): ${report.inputs} inputs, ${rate} for each second of the CPU, ${report.findings} findings`)
  console.log(`  ${Object.entries(report.answers).sort(([, one], [, other]) => other - one).map(([answer, count]) => `${answer} ${count}`).join(', ')}`)
  findings += report.findings
}
console.log(`${findings} findings`)
if (findings > 0) process.exitCode = 1

/** A fuzzer has a thread of its own, so that one that hangs can be ended and its input kept. */
async function runInWorker (order: Omit<WorkerOrder, 'shared'>): Promise<WorkerReport & { readonly findings: number }> {
  const shared = new SharedArrayBuffer(1 << 20)
  const [counter, length, content] = [new Int32Array(shared, 0, 1), new Int32Array(shared, 4, 1), new Uint8Array(shared, 8)]
  const worker = new Worker(new URL('./engine/fuzz-worker.ts', import.meta.url), { workerData: { ...order, shared } satisfies WorkerOrder })
  const tell = (problem: string, input: Uint8Array): void => {
    console.log(`FINDING ${problem}\n  ${keepInCorpus(order.name, input)}\n  ${Buffer.from(input).toString('latin1').replace(/[^ -~]/g, '.').slice(0, 300)}`)
  }
  let count = 0
  let last = -1
  return await new Promise((resolve, reject) => {
    const timer = setInterval(() => {
      const now = Atomics.load(counter, 0)
      if (now !== last) {
        last = now
        return
      }
      tell(`${order.name}: no end within ${HANGS_AFTER} minutes`, Uint8Array.from(content.subarray(0, Atomics.load(length, 0))))
      finish({ inputs: now, answers: {} }, 1)
    }, HANGS_AFTER * 60_000)
    const finish = (report: WorkerReport, more = 0): void => {
      clearInterval(timer)
      worker.terminate().then(() => { resolve({ ...report, findings: count + more }) }, reject)
    }
    worker.on('error', (error) => {
      clearInterval(timer)
      // Out of memory, or thrown outside of the reading.
      tell(`${order.name}: the thread ended: ${String(error)}`, Uint8Array.from(content.subarray(0, Atomics.load(length, 0))))
      resolve({ inputs: Atomics.load(counter, 0), answers: {}, findings: count + 1 })
    })
    worker.on('message', (message: { problem: string, input: Uint8Array } | { report: WorkerReport }) => {
      if ('report' in message) finish(message.report)
      else {
        count += 1
        if (count <= 20) tell(message.problem, message.input)
      }
    })
  })
}
