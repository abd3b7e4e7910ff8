import { test } from 'tap'
import { HeaderCollector } from '../src/headers/header-collector.ts'

/** Another spelling of a name of this length: letters of either case, and something between them. */
function spellingOf (index: number): string {
  const letters = Array.from('clientcertx', (letter, bit) => (index >> bit) % 2 === 1 ? letter.toUpperCase() : letter)
  return `${letters.slice(0, 6).join('')}_${letters.slice(6).join('')}`
}

test('spellings are remembered, up to a bound, and those that gateways use from the start', async (t) => {
  const collector = new HeaderCollector({ certificate: 'client-certx' }, ['other-heade'])
  const folded = t.capture(String.prototype, 'replace', String.prototype.replace)
  const countOf = (spellings: readonly string[]): number => {
    folded()
    for (const spelt of spellings) collector.collect([spelt, 'value'], 100)
    return folded().filter(({ receiver }) => spellings.includes(String(receiver).valueOf()) ||
      spellings.some((spelt) => spelt.toLowerCase() === String(receiver))).length
  }
  const strangers = Array.from({ length: 1_000 }, (_, index) => spellingOf(index))
  t.equal(countOf(strangers), 1_000)
  const again = countOf(strangers)
  t.ok(again >= 1_000 - 256 && again < 1_000, `${again} are folded again`)
  t.equal(countOf(['client-certx', 'Client-Certx', 'other-heade', 'Other-Heade']), 0)
})

test('a remembered spelling means what it meant at first', async (t) => {
  const collector = new HeaderCollector({ certificate: 'client-certx' }, [])
  for (const turn of [1, 2]) {
    t.equal(collector.collect(['Client-Certx', 'value'], 100).values.certificate, 'value', `turn ${turn}`)
    t.equal(collector.collect([spellingOf(5), 'value'], 100).problem?.reason, 'alias_header')
    t.equal(collector.collect(['abcdef-ghijk', 'value'], 100).first, undefined)
  }
})
