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
const id = 'spiffe://prod.example/ns/ops/sa/service-7'
const known = parsePeerIdentity((await ca.issue({ cn: 'service-7', o: 'Acme', ou: 'ops', dns: ['service-7.internal', 'b.internal'], spiffe: id })).der)
const stranger = parsePeerIdentity((await ca.issue({ cn: 'stranger', o: 'Acme', ou: 'ops', dns: ['stranger.internal', 'b.internal'], spiffe: 'spiffe://prod.example/ns/ops/sa/stranger' })).der)
const issuer = known.issuer?.toString() ?? ''

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
  'a range of addresses for each name, then the name': (count) => compileRules([{ ip: each(count, (i) => `10.${(i >> 16) & 255}.${(i >> 8) & 255}.${i & 255}/32`) }, { cn: 'service-7' }]),
}

console.log(`Node ${process.version}; ns a first verdict, median of ${ROUNDS} rounds, a peer that is allowed / one that is not`)
for (const [name, compile] of Object.entries(shapes)) {
  const start = performance.now()
  const many = compile(MANY)
  const compiled = performance.now() - start
  const few = compile(FEW)
  if (many.authorize(known) instanceof Promise || !('rule' in many.authorize(known)) || 'rule' in many.authorize(stranger)) throw new Error(`${name} decides wrongly`)
  const times: Record<string, number[]> = { fewAllowed: [], fewRefused: [], manyAllowed: [], manyRefused: [] }
  for (let round = 0; round < ROUNDS; round++) {
    times.fewAllowed?.push(measure(few, known))
    times.manyAllowed?.push(measure(many, known))
    times.fewRefused?.push(measure(few, stranger))
    times.manyRefused?.push(measure(many, stranger))
  }
  const show = (key: string): string => median(times[key] ?? []).toFixed(0)
  console.log(`${name}: ${FEW}: ${show('fewAllowed')} / ${show('fewRefused')}; ${MANY.toLocaleString('en')}: ${show('manyAllowed')} / ${show('manyRefused')} (compiled in ${compiled.toFixed(0)} ms)`)
}

/** Nothing is remembered between two verdicts, so each of them is a first one. */
function measure (authorizer: Authorizer, peer: PeerIdentity): number {
  const start = performance.now()
  for (let i = 0; i < LOOP; i++) authorizer.authorize(peer)
  return (performance.now() - start) / LOOP * 1e6
}
