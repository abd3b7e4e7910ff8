// The time from the rename of a CRL's file to the first refusal, for clients that call without a pause: on an open
// HTTP/1.1 connection, on an open HTTP/2 session, and with session tickets. Changes of files are noticed by events,
// since polling takes ten seconds. ROUNDS sets the number of revocations. Exits with 1 if the median exceeds the
// target.
import { CutOffScene, WAYS } from '../../packages/fastify-mtls/test/support/cut-off.ts'
import { median } from './statistics.ts'

const ROUNDS = Number(process.env['ROUNDS'] ?? 20)
const TARGET = 250

const scene = await CutOffScene.open()
const delays = new Map(WAYS.map((way) => [way, [] as number[]]))
// The first round lets V8 compile the code.
for (let round = 0; round <= ROUNDS; round += 1) {
  const { delay } = await scene.revoke()
  if (round > 0) for (const way of WAYS) delays.get(way)?.push(delay[way])
}
await scene.close()
console.log(`Rename of a CRL to the first refusal, ms; ${ROUNDS} revocations; target ${TARGET}\n`)
console.log('| client | median | longest |\n| --- | --- | --- |')
for (const [way, own] of delays) console.log(`| ${way} | ${median(own).toFixed(0)} | ${Math.max(...own).toFixed(0)} |`)
if ([...delays.values()].some((own) => median(own) > TARGET)) process.exitCode = 1
