// The engine finds each kind of fault, in a reader that is made for it.
import { Random } from '@peerkit/test-support/random'
import { test } from 'tap'
import { examine } from './engine/examine.ts'
import type { Format } from './engine/format.ts'
import { fuzzFormat } from './engine/fuzz-format.ts'
import type { Finding } from './engine/fuzzer.ts'
import { mutateJson } from './engine/mutate-json.ts'
import { mutateOctets } from './engine/mutate-octets.ts'
import { shrink } from './engine/shrink.ts'
import { StepCounter } from './engine/step-counter.ts'

// Started before the code is loaded whose steps are counted.
const counter = new StepCounter()
counter.start()
const { parseDistinguishedName } = await import('@peerkit/identity')

class DocumentedError extends Error {}

const format = (more: Partial<Format>): Format => ({
  name: 'none',
  seeds: [Buffer.from('{"a":1}'), Buffer.from('{"b":[1,2],"c":"text"}')],
  mutate: mutateJson,
  read: (input) => JSON.parse(input.toString()),
  isDocumented: (error) => error instanceof DocumentedError || error instanceof SyntaxError,
  ...more
})

async function run (made: Format, inputs = 2_000, seed = 1): Promise<{ readonly findings: Finding[], readonly tried: string[] }> {
  const findings: Finding[] = []
  const tried: string[] = []
  await fuzzFormat(made, {
    seed, isOver: (done) => done >= inputs, onInput: (input) => { tried.push(Buffer.from(input).toString('hex')) }, onFinding: (finding) => { findings.push(finding) }
  })
  return { findings, tried }
}

test('a reader without a fault has no finding, and the same seed gives the same inputs', async (t) => {
  const [one, again, other] = [await run(format({})), await run(format({})), await run(format({}), 2_000, 2)]
  t.strictSame(one.findings, [])
  t.strictSame(one.tried, again.tried)
  t.notSame(one.tried, other.tried)
  t.ok(new Set(one.tried).size > 1_000, 'most inputs are different ones')
})

let count = 0
const faults: ReadonlyArray<readonly [what: string, says: RegExp, made: Format]> = [
  ['another error class', /not documented: TypeError/, format({ read: (input) => JSON.parse(input.toString()).a.b })],
  ['a thrown text', /not documented: thrown 'text'/, format({ read: () => { throw 'text' } })], // eslint-disable-line no-throw-literal
  ['a polluted prototype', /a prototype has new properties: polluted/, format({
    read: (input) => {
      const found = JSON.parse(input.toString())
      for (const [key, value] of Object.entries(Object(found))) if (key === '__proto__') Object.assign(({} as any)[key], value)
      return found
    }
  })],
  ['a prototype of the input', /a prototype of the input/, format({ read: (input) => Object.assign({}, JSON.parse(input.toString())) })],
  ['a result that differs', /two results/, format({ read: () => ({ count: ++count }) })],
  ['an input that is changed', /changed the input/, format({ read: (input) => input.fill(0) })],
  ['a printer that loses something', /lost/, format({ check: (found) => JSON.stringify(found)?.includes('null') === true ? 'lost' : undefined })],
  ['a result that cannot be used', /cannot be used: TypeError/, format({ check: (found) => found.a.b.c })]
]

for (const [what, says, made] of faults) {
  test(`finds ${what}`, async (t) => {
    const { findings } = await run(made)
    t.match(findings.map(({ problem }) => problem).join('\n'), says)
  })
}

test('finds work that grows faster than the input, by counted steps', async (t) => {
  const findings: Finding[] = []
  const read = (input: Buffer): unknown => {
    const name = `CN=${'a'.repeat(input.length)}`
    for (let turn = 0; turn < input.length; turn++) parseDistinguishedName(name)
    return undefined
  }
  const task = { seed: 1, isOver: (done: number) => done >= 256, onInput () {}, onFinding: (finding: Finding) => { findings.push(finding) } }
  const seeds = [Buffer.alloc(200)]
  const mutate = (seed: Buffer): Buffer => seed
  const { steps = 0 } = await fuzzFormat(format({ seeds, mutate, read, maxSteps: (octets) => 1_000 + 20 * octets }), task, counter)
  t.ok(steps > 200 * 200, `${steps} steps`)
  t.match(findings[0]?.problem, /\d+ steps for 200 octets; expected at most 20000/)
  findings.length = 0
  await fuzzFormat(format({ seeds, mutate, read: (input) => parseDistinguishedName(`CN=${'a'.repeat(input.length)}`), maxSteps: (octets) => 1_000 + 20 * octets }), task, counter)
  t.strictSame(findings, [])
})

test('an input is made smaller while it shows the same problem', async (t) => {
  const small = await shrink(Buffer.from('a long text with a needle in it, and more'), async (input) => input.includes('needle'))
  t.equal(small.toString(), 'needle')
})

test('an error is told by where it was thrown, and a documented one by its reason', async (t) => {
  const read = (): never => { throw Object.assign(new DocumentedError('no'), { code: 'CODE', reason: 'why' }) }
  t.strictSame(await examine(format({ read }), Buffer.from('x')), { label: 'why', problem: undefined })
  t.equal((await examine(format({}), Buffer.from('{'))).label, 'SyntaxError')
})

test('mutants keep to a bound, and include what each mutator is for', async (t) => {
  const random = new Random(5)
  const seed = Buffer.from('{"a":{"b":1}}')
  const octets = Array.from({ length: 3_000 }, () => mutateOctets(seed, [seed], random, [Buffer.from('WORD')]))
  t.ok(octets.every(({ length }) => length <= 32_768))
  t.ok(octets.some((input) => input.includes('WORD')))
  t.ok(octets.some(({ length }) => length > 10_000))
  const texts = Array.from({ length: 3_000 }, () => mutateJson(seed, [seed], random).toString())
  t.ok(texts.some((text) => text.includes('"__proto__"')))
  t.ok(texts.some((text) => text.includes('{"toString":0')))
  t.ok(texts.some((text) => (text.match(/"a":/g)?.length ?? 0) > 1), 'a key twice')
})
