import { test } from 'tap'
import { HeaderCollector } from '../src/headers/header-collector.ts'

const NAME = 'client-cert'

/** A name as received that counts how often it is folded. A spelling that is remembered is not. */
class Spelling {
  folded = 0
  readonly #text: string
  constructor (text: string) { this.#text = text }
  get length (): number { return this.#text.length }
  toLowerCase (): string {
    this.folded += 1
    return this.#text.toLowerCase()
  }
}

function collect (collector: HeaderCollector, spelt: Spelling | string): ReturnType<HeaderCollector['collect']> {
  return collector.collect([spelt as string, 'value'], 100)
}

test('the spellings that are remembered are bounded, so that clients cannot fill the memory', async (t) => {
  const collector = new HeaderCollector({ certificate: NAME }, [])
  const all = Array.from({ length: 400 }, () => new Spelling('abcdef-ghij'))
  for (let turn = 0; turn < 3; turn += 1) for (const spelt of all) collect(collector, spelt)
  const counts = all.map(({ folded }) => folded)
  const remembered = counts.filter((count) => count === 1).length
  t.ok(remembered > 200 && remembered <= 256, `${remembered} are remembered`)
  t.equal(counts.filter((count) => count === 3).length, 400 - remembered, 'and the others are folded each time')
})

test('the usual spellings are there from the start, however many others came', async (t) => {
  const collector = new HeaderCollector({ certificate: NAME }, ['other-heade'])
  for (let index = 0; index < 400; index += 1) collect(collector, new Spelling('abcdef-ghij'))
  const usual = [NAME, 'Client-Cert', 'other-heade', 'Other-Heade']
  t.equal(countFolds(() => { for (const name of usual) collect(collector, name) }), 0)
  t.ok(countFolds(() => { collect(collector, 'CLIENT-CERT') }) > 0, 'another one is folded')
})

/** How often anything is converted to lower case meanwhile. */
function countFolds (work: () => void): number {
  const descriptor = Reflect.getOwnPropertyDescriptor(String.prototype, 'toLowerCase') as PropertyDescriptor
  let count = 0
  Reflect.defineProperty(String.prototype, 'toLowerCase', {
    ...descriptor,
    value (this: string) {
      count += 1
      return descriptor.value.call(this)
    }
  })
  try {
    work()
  } finally {
    Reflect.defineProperty(String.prototype, 'toLowerCase', descriptor)
  }
  return count
}

test('a remembered spelling means what it meant at first', async (t) => {
  const collector = new HeaderCollector({ certificate: NAME }, [])
  const alias = new Spelling('Client_Cert')
  for (const turn of [1, 2]) {
    t.equal(collect(collector, 'Client-Cert').values.certificate, 'value', `turn ${turn}`)
    t.equal(collect(collector, alias).problem?.reason, 'alias_header')
  }
})
