import { test } from 'tap'
import { findTooLittle } from '../../src/rules-file/memory-need.ts'

const encode = (text: string): Uint8Array => new TextEncoder().encode(text)

test('what cannot be parsed within the memory of the thread is refused before it is tried', async (t) => {
  const megabytes = (text: string): number => findTooLittle(encode(text), 1)!.needed
  const rules = `[${'{"ou":"client-123456","cn":"c123456"},'.repeat(50_000)}1]`
  t.equal(findTooLittle(encode(rules)), undefined, 'a normal file fits')
  t.same(findTooLittle(encode(rules), 1e6), { needed: 17, room: 1 })
  t.equal(findTooLittle(encode(rules), 17e6), undefined, 'the sum decides, not the worst case')
  t.ok(megabytes(`[${'{},'.repeat(500_000)}1]`) > megabytes(rules) * 2, 'empty objects take most')
  t.ok(megabytes(rules.replace('client', 'cliént')) < megabytes(rules.replace('client', 'cli€nt')), 'one wide character makes all of them wide')
})
