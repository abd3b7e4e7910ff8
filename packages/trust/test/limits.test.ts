import { readFileSync } from 'node:fs'
import { test } from 'tap'
import { Budget, readLimits } from '../src/path/limits.ts'

const source = readFileSync(new URL('../src/path/limits.ts', import.meta.url), 'utf8')

test('the limits are what their documentation says, unless they are given', (t) => {
  const documented = [...source.matchAll(/Default ([\d,]+)[^*]*\*\/\s+readonly (\w+)\?: number/g)]
  const expected = Object.fromEntries(documented.map(([, value = '', name = '']) => [name, Number(value.replaceAll(',', ''))]))
  t.equal(documented.length, 10)
  t.same(readLimits(), expected)
  t.same(readLimits({ maxPaths: undefined as never }), expected)
  for (const name of Object.keys(expected)) {
    t.same(readLimits({ [name]: 3 }), { ...expected, [name]: 3 }, name)
    t.throws(() => readLimits({ [name]: -1 }), { code: 'MTLS_ERR_PATH_OPTION', message: new RegExp(`limits\\.${name} is -1`) })
  }
  t.end()
})

test('a budget is spent to its last unit, each kind for itself; once one is exceeded nothing is left', (t) => {
  const kinds = [
    ['paths', 'maxPaths'], ['steps', 'maxSteps'], ['signatures', 'maxSignatures'],
    ['comparisons', 'maxNameConstraintComparisons'], ['policies', 'maxPolicies'], ['revocation checks', 'maxRevocationChecks']
  ] as const
  for (const [what, limit] of kinds) {
    const budget = new Budget(readLimits({ [limit]: 3 }))
    t.same([budget.spend(what, 2), budget.spend(what), budget.exhausted], [true, true, undefined], what)
    for (const [other] of kinds) if (other !== what) t.equal(budget.spend(other), true, `${other} beside ${what}`)
    t.same([budget.spend(what), budget.exhausted], [false, what], what)
    for (const [other] of kinds) t.same([budget.spend(other, 0), budget.exhausted], [false, what], `${other} after ${what}`)
    for (const [other] of kinds) t.same([budget.spend(other, 1e6), budget.exhausted], [false, what], `the first is told, not ${other}`)
  }
  t.end()
})
