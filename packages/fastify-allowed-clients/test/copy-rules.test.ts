import { test } from 'tap'
import { compileRules } from '@peerkit/rules'
import { copyRules } from '../src/policy/declarations.ts'

test('copies arrays and plain objects, whatever their keys', (t) => {
  const key = Symbol('key')
  const predicate = (): boolean => true
  const rules = [{ ou: ['a'], not: { cn: 'b' } }, 'group', predicate, Object.assign(Object.create(null), { [key]: 1 })]
  const copy = copyRules(rules)
  t.strictSame(copy[0], rules[0])
  t.not(copy[0], rules[0])
  t.equal(copy[2], predicate)
  t.equal((copy[3] as { [key]: number })[key], 1, 'a mistake stays visible')
  t.end()
})

test('leaves to the compiler what is no rule', (t) => {
  const date = new Date()
  t.equal(copyRules([date])[0], date)
  const loop: { not?: unknown } = {}
  loop.not = loop
  t.throws(() => compileRules(copyRules([loop]) as never), { code: 'MTLS_ERR_RULE_INVALID' })
  t.equal(copyRules(undefined), undefined)
  t.end()
})
