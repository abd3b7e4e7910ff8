import { test } from 'tap'
import { findWrong } from '../scripts/fuzz/oracle.ts'
import { fuzz } from '../scripts/fuzz/run.ts'
import type { Target } from '../scripts/fuzz/run.ts'
import { targets } from '../scripts/fuzz/targets.ts'
import { createForwardedReader } from '../src/index.ts'
import type { ForwardedResult } from '../src/index.ts'
import { client, gateway, gateways } from './support/people.ts'

const SEED = 20261123

test('every seed of a verified certificate is accepted', async (t) => {
  for (const { name, reader, seeds } of targets) {
    const states = seeds.map((rawHeaders) => {
      return (reader.read({ rawHeaders, sender: gateway, remoteAddress: undefined }) as ForwardedResult).state
    })
    t.ok(states.filter((state) => state === 'accepted').length >= 2, name)
  }
})

test('no mutated header makes anybody somebody else, and none is an exception', async (t) => {
  t.comment(`seed ${SEED}`)
  const { findings, counts } = fuzz(targets, gateway, 20_000, SEED)
  t.same(findings.slice(0, 3), [])
  // A mutator that only ever breaks things would prove nothing.
  t.ok((counts['accepted'] ?? 0) > 500, `${counts['accepted']} accepted`)
  for (const reason of ['malformed', 'unreadable', 'not_verified', 'bad_chain', 'duplicate_header', 'alias_header', 'other_format', 'hop_count']) t.ok((counts[reason] ?? 0) > 20, `${reason}: ${counts[reason]}`)
})

test('would notice a reader that is wrong', async (t) => {
  const careless = createForwardedReader({ format: 'rfc9440', gateways })
  const target: Target = { ...targets[0]!, reader: careless, truth: { issued: new Set<string>(), verdicts: new Map() } }
  t.ok(fuzz([target], gateway, 100, SEED).findings.length > 0)
  const throwing = { headerNames: [], read: () => { throw new Error('x') } }
  t.equal(fuzz([{ ...target, reader: throwing }], gateway, 10, SEED).findings.length, 10)
  const result = careless.read({
    rawHeaders: targets[0]!.seeds[0]!, sender: gateway, remoteAddress: undefined
  }) as ForwardedResult
  if (result.state !== 'accepted') throw new Error('a seed is not accepted')
  const issued = new Set([Buffer.from(client.der).toString('base64')])
  t.equal(findWrong(result.identity, [], { issued, verdicts: new Map() }), undefined)
  t.match(findWrong(result.identity, [], { issued: undefined, verdicts: new Map() }), /no header has/)
  t.equal(findWrong(result.identity, targets[0]!.seeds[0]!, { issued: undefined, verdicts: new Map() }), undefined)
  t.match(
    findWrong(result.identity, ['verdict', 'no'], { issued, verdicts: new Map([['verdict', 'yes']]) }),
    /without verdict/
  )
})
