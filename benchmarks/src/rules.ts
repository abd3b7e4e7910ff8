// What a first verdict costs against ten and against 100,000 exact values, in each shape a rule set can have; one process, interleaved rounds, medians.
// Run: node --conditions=@peerkit/source src/rules.ts [values]
import { createDevCa } from '@peerkit/dev-ca'
import { parsePeerIdentity } from '@peerkit/identity'
import type { PeerIdentity } from '@peerkit/identity'
import { compileGroups, compileRules } from '@peerkit/rules'
import type { AllowRule, Authorizer } from '@peerkit/rules'
import { median } from './statistics.ts'

const MANY = Number(process.argv[2] ?? 100_000)
const FEW = 10
const ROUNDS = 15
const LOOP = 5_000

const ca = await createDevCa({ name: 'Benchmark CA' })
const PEERS = 500
// Many peers, spread over the values: one alone would keep its corner of the index in the processor's cache.
const issue = async (name: string): Promise<PeerIdentity> => parsePeerIdentity((await ca.issue({ cn: name, o: 'Acme', ou: 'ops', dns: [`${name}.internal`, 'b.internal'], spiffe: `spiffe://prod.example/ns/ops/sa/${name}` })).der)
const knownMany = await Promise.all(Array.from({ length: PEERS }, (_, i) => issue(`service-${Math.floor(i * MANY / PEERS)}`)))
const knownFew = await Promise.all(Array.from({ length: PEERS }, (_, i) => issue(`service-${i % FEW}`)))
const strangers = await Promise.all(Array.from({ length: PEERS }, (_, i) => issue(`stranger-${i}`)))
const issuer = knownMany[0]?.issuer?.toString() ?? ''

/** `count` of something, in an order in which the one that matches is neither first nor last. */
const each = <T>(count: number, make: (index: number) => T): T[] => Array.from({ length: count }, (_, index) => make((index + (count >> 1)) % count))

const shapes: Record<string, (count: number) => Authorizer> = {
  'one rule, an array of names': (count) => compileRules([{ cn: each(count, (i) => `service-${i}`) }]),
  'one rule, an array of SPIFFE IDs': (count) => compileRules([{ spiffe: each(count, (i) => `spiffe://prod.example/ns/ops/sa/service-${i}`) }]),
  'one rule, an array of DNS names': (count) => compileRules([{ dns: each(count, (i) => `service-${i}.internal`) }]),
  'a rule for each name': (count) => compileRules(each(count, (i): AllowRule => ({ cn: `service-${i}` }))),
  'a rule of three keys for each name': (count) => compileRules(each(count, (i): AllowRule => ({ cn: `service-${i}`, o: 'Acme', issuer }))),
  'a group for each name': (count) => compileRules(each(count, (i) => `g${i}`), { groups: Object.fromEntries(each(count, (i) => [`g${i}`, { cn: `service-${i}` }])) }),
  'one group of all names': (count) => compileRules(['all'], { groups: compileGroups({ all: { cn: each(count, (i) => `service-${i}`) } }) }),
  'a SPIFFE pattern for each name': (count) => compileRules(each(count, (i): AllowRule => ({ spiffe: `spiffe://prod.example/ns/*/sa/service-${i}` }))),
}

console.log(`Node ${process.version}; ns a first verdict, median of ${ROUNDS} rounds, a peer that is allowed / one that is not`)
for (const [name, compile] of Object.entries(shapes)) {
  const start = performance.now()
  const many = compile(MANY)
  const compiled = performance.now() - start
  const few = compile(FEW)
  for (const [authorizer, peers, allowed] of [[many, knownMany, true], [few, knownFew, true], [many, strangers, false], [few, strangers, false]] as const) {
    for (const peer of peers) if (authorizer.authorize(peer) instanceof Promise || ('rule' in authorizer.authorize(peer)) !== allowed) throw new Error(`${name} decides wrongly`)
  }
  const times: Record<string, number[]> = { fewAllowed: [], fewRefused: [], manyAllowed: [], manyRefused: [] }
  for (let round = 0; round < ROUNDS; round++) {
    times.fewAllowed?.push(measure(few, knownFew))
    times.manyAllowed?.push(measure(many, knownMany))
    times.fewRefused?.push(measure(few, strangers))
    times.manyRefused?.push(measure(many, strangers))
  }
  const show = (key: string): string => median(times[key] ?? []).toFixed(0)
  console.log(`${name}: ${FEW}: ${show('fewAllowed')} / ${show('fewRefused')}; ${MANY.toLocaleString('en')}: ${show('manyAllowed')} / ${show('manyRefused')} (compiled in ${compiled.toFixed(0)} ms)`)
}

/** Nothing is remembered between two verdicts, so each of them is a first one. */
function measure (authorizer: Authorizer, peers: readonly PeerIdentity[]): number {
  const start = performance.now()
  for (let i = 0; i < LOOP; i++) authorizer.authorize(peers[i % PEERS])
  return (performance.now() - start) / LOOP * 1e6
}
