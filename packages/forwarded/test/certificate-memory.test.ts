import { createDevCa } from '@peerkit/dev-ca'
import { test } from 'tap'
import { ROLES, createValues, sameValues } from '../src/headers/header-format.ts'
import type { HeaderRole } from '../src/headers/header-format.ts'
import { CertificateMemory as Memory } from '../src/reader/certificate-memory.ts'
import type { Remembered } from '../src/reader/certificate-memory.ts'

type Some = Partial<Record<HeaderRole, string>>

/** With values left out. */
class CertificateMemory<Answer> {
  readonly #memory: Memory<Answer>
  constructor (maxEntries: number, maxBytes: number) { this.#memory = new Memory(maxEntries, maxBytes) }
  get size (): number { return this.#memory.size }
  recall (values: Some, now: number, generation: number): Answer | undefined {
    return this.#memory.recall({ ...createValues(), ...values }, now, generation)
  }

  remember (values: Some, remembered: Remembered<Answer>): void {
    this.#memory.remember({ ...createValues(), ...values }, remembered)
  }
}

const answer = (name: string, more: object = {}): {
  answer: string
  until: number
  generation: number
  weight: number
} => ({ answer: name, until: 100, generation: 1, weight: 10, ...more })

test('an answer holds for exactly the same values, until it ends or the trust moves', async (t) => {
  const memory = new CertificateMemory<string>(10, 1_000)
  const values = { certificate: 'a', verified: 'SUCCESS' }
  memory.remember(values, answer('A'))
  t.equal(memory.recall({ certificate: 'a', verified: 'SUCCESS' }, 99, 1), 'A')
  t.equal(memory.recall(values, 100, 1), undefined)
  t.equal(memory.recall(values, 99, 2), undefined)
  for (const other of [
    { certificate: 'a' }, { certificate: 'a', verified: 'NONE' }, { certificate: 'a', verified: 'SUCCESS', chain: 'c' },
    { certificate: 'a', chain: 'SUCCESS' }, { certificate: 'b', verified: 'SUCCESS' }, {}
  ]) {
    t.equal(memory.recall(other, 99, 1), undefined, JSON.stringify(other))
  }
})

test('it is bounded in number, and what is asked for stays', async (t) => {
  const memory = new CertificateMemory<string>(3, 1_000)
  for (const name of ['a', 'b', 'c']) memory.remember({ certificate: name }, answer(name))
  t.equal(memory.recall({ certificate: 'a' }, 0, 1), 'a')
  memory.remember({ certificate: 'd' }, answer('d'))
  t.equal(memory.size, 3)
  t.same(['a', 'b', 'c', 'd'].map((name) => memory.recall({ certificate: name }, 0, 1)), ['a', undefined, 'c', 'd'])
  memory.remember({ certificate: 'e' }, answer('e'))
  t.equal(memory.size, 3, 'everything was asked for, and the oldest goes all the same')
})

test('it is bounded in bytes, the values included', async (t) => {
  const memory = new CertificateMemory<string>(1_000, 1_600)
  const add = (name: string, count: number, weight: number): void => {
    for (let index = 0; index < count; index++) memory.remember({ certificate: `${name}${index % 10}${index}` }, answer('x', { weight }))
  }
  add('n', 50, 60)
  t.equal(memory.size, 25, 'of 64 bytes each')
  memory.remember({ certificate: 'big' }, answer('big', { weight: 97 }))
  t.strictSame([memory.size, memory.recall({ certificate: 'big' }, 0, 1)], [24, 'big'])
  memory.remember({ certificate: 'huge' }, answer('huge', { weight: 97 }))
  t.equal(memory.recall({ certificate: 'huge' }, 0, 1), undefined, 'more than a sixteenth')
  t.equal(memory.size, 24)
  memory.remember({ certificate: 'big' }, answer('smaller', { weight: 1 }))
  t.equal(memory.recall({ certificate: 'big' }, 0, 1), 'smaller')
  add('m', 50, 60)
  t.equal(memory.size, 25, 'what was replaced is not counted any more')
})

test('of size 0 it remembers nothing', async (t) => {
  const memory = new CertificateMemory<string>(0, 1_000)
  memory.remember({ certificate: 'a' }, answer('a'))
  t.equal(memory.size, 0)
})

test('values that look alike in the characters that are looked at are told apart, however ' +
  'many there are', async (t) => {
  const memory = new CertificateMemory<string>(100, 10_000_000)
  // Of 100,000 characters few are looked at.
  const values = Array.from(
    { length: 40 },
    (_, index) => ({ certificate: `${'a'.repeat(index * 2_000)}b${'a'.repeat(99_999 - index * 2_000)}` })
  )
  for (const [index, each] of values.entries()) memory.remember(each, answer(String(index)))
  const recalled = values.map((each) => memory.recall({ certificate: `${each.certificate}` }, 0, 1))
  t.ok(recalled.every((found, index) => found === undefined || found === String(index)))
  t.ok(recalled.filter((found) => found !== undefined).length >= 8)
  t.equal(memory.recall({ certificate: 'a'.repeat(100_000) }, 0, 1), undefined)
  t.ok(memory.size <= 40)
})

test('certificates of one CA are found again, with and without a long chain behind them', async (t) => {
  const ca = await createDevCa()
  const people = await Promise.all(Array.from(
    { length: 100 }, async () => Buffer.from((await ca.issue({ cn: 'same' })).der).toString('base64')
  ))
  for (const chain of ['', 'x'.repeat(14_000)]) {
    const memory = new CertificateMemory<string>(1_000, 100_000_000)
    for (const person of people) memory.remember({ certificate: person + chain }, answer(person))
    t.same(people.map((person) => memory.recall({ certificate: person + chain }, 0, 1)), people)
  }
})

test('values are the same if those of every role are', async (t) => {
  const values = { ...createValues(), ...Object.fromEntries(ROLES.map((role) => [role, `a ${role}`])) }
  t.ok(sameValues(values, { ...values }))
  for (const role of ROLES) t.notOk(sameValues(values, { ...values, [role]: 'another' }), role)
})
