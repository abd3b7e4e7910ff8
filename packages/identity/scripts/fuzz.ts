// Differential fuzzing of parsePeerIdentity against Node's X509Certificate.
//   node --conditions=@peerkit/source scripts/fuzz.ts [mutants = 1000000] [random seed = the time]
// Exits with 1 on any finding, which it prints with the mutant's hex.
import { devCaSeeds, handMadeSeeds, opensslSeeds, realWorldSeeds } from './fuzz/seeds.ts'
import { compareWithNode } from './fuzz/compare-with-node.ts'
import { fuzz } from './fuzz/run.ts'

const count = Number(process.argv[2] ?? 1_000_000)
const randomSeed = Number(process.argv[3] ?? Date.now() % 0x1_0000_0000)
const groups = {
  'written by hand': handMadeSeeds(),
  'dev-ca': await devCaSeeds(),
  openssl: opensslSeeds(),
  'real roots': realWorldSeeds()
}
for (const [origin, list] of Object.entries(groups)) console.log(`${list.length} seeds: ${origin}`)
// Leaves are what peers present: each group weighs the same, however many roots there are.
const seeds = Object.values(groups).flatMap((list) => {
  return Array.from({ length: 120 }, (_, index) => list[index % list.length]).filter((seed) => seed !== undefined)
})
const strangers = seeds.filter((seed) => compareWithNode(seed).kind !== 'agree')
console.log(
  `node ${process.version}, openssl ${process.versions['openssl']}, ${seeds.length} seeds (${strangers.length} not ` +
    `agreed on), ${count} mutants, random seed ${randomSeed}`
)
for (const seed of strangers) console.log(JSON.stringify(compareWithNode(seed)), seed.toString('hex').slice(0, 200))
const start = Date.now()
const report = fuzz(seeds, count, randomSeed, (done) => {
  if (done % 100_000 === 0) console.log(`${done} in ${Math.round((Date.now() - start) / 1000)} s`)
})
console.log(JSON.stringify(report, undefined, 2))
if (report.findings.length > 0 || strangers.length > 0) process.exitCode = 1
