// Rotations of leaf, intermediate, CRL and CA by a careless writer of files, under 200 requests in flight over HTTP/1.1
// and HTTP/2: `node --expose-gc --conditions=@peerkit/source src/rotation-inbound.ts`. Exits with 1 if a request
// failed, if a client was served that was revoked or whose CA was removed, or if memory grew. ROTATIONS sets their
// number.
import { rotateUnderLoad } from '../../packages/fastify-mtls/test/support/rotation/rotate-under-load.ts'

const rotations = Number(process.env['ROTATIONS'] ?? 200)
const MIB = 2 ** 20
/** The largest heap of the second half, relative to that of the first half. */
const MOST_GROWTH = 1.2

const started = performance.now()
const samples: Array<{ readonly heap: number, readonly resident: number }> = []
const report = await rotateUnderLoad({
  rotations,
  size: { http1: 100, sessions: 10, streams: 10 },
  onTurn: (turn) => {
    if (turn % Math.ceil(rotations / 20) !== 0) return
    globalThis.gc?.()
    const { heapUsed, rss } = process.memoryUsage()
    samples.push({ heap: heapUsed / MIB, resident: rss / MIB })
  }
})
const seconds = (performance.now() - started) / 1000
const [first, second] = [samples.slice(1, samples.length >> 1), samples.slice(samples.length >> 1)]
const most = (of: typeof samples, what: 'heap' | 'resident'): number => Math.max(...of.map((sample) => sample[what]))
const growth = most(second, 'heap') / most(first, 'heap')
const outcomes = new Map<string, number>()
for (const outcome of report.shutOut) outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
const { answered, failures, servedOnRemoved, refused, handshakes } = report

console.log(
  `${rotations} rotations in ${seconds.toFixed(0)} s, 200 requests in flight (100 over HTTP/1.1, ` +
    '100 over 10 HTTP/2 sessions)'
)
console.log(
  `answered ${answered.toLocaleString('en')} (${Math.round(answered / seconds).toLocaleString('en')}/s), ` +
    `failed ${failures.length}, served on a removed CA ${servedOnRemoved}`
)
console.log(
  `handshakes: ${handshakes.full} full, ${handshakes.resumed} resumed; states of the files refused: ${refused}`
)
console.log(
  `heap ${most(first, 'heap').toFixed(1)} MiB at most in the first half, ${most(second, 'heap').toFixed(1)} in the ` +
    `second (${growth.toFixed(2)}); resident ${most(first, 'resident').toFixed(0)} and ` +
    `${most(second, 'resident').toFixed(0)} MiB`
)
for (const [outcome, count] of outcomes) console.log(`${count} times: ${outcome}`)
for (const failure of new Set(failures)) console.error(failure)

const letIn = [...outcomes.keys()].some((outcome) => {
  return !outcome.endsWith('open 401, then closed; ticket closed; new closed')
})
if (failures.length > 0 || servedOnRemoved > 0 || letIn || growth > MOST_GROWTH) process.exitCode = 1
