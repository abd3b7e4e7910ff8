import { test } from 'tap'
import { DeclarationCache } from '../src/policy/declarations.ts'

const origin = 'config.allowedClients'

test('equal rules are declared, and compiled, once', (t) => {
  const declared = new DeclarationCache()
  const compiled: string[] = []
  const declare = (value: any, path: string, from = origin) => declared.declare(value, path, from, (declaration) => { compiled.push(declaration.path) })
  const first = declare([{ cn: 'a', o: ['x', 'y'] }, 'group'], 'GET /a')
  t.equal(declare([{ cn: 'a', o: ['x', 'y'] }, 'group'], 'GET /b'), first)
  t.not(declare([{ cn: 'b', o: ['x', 'y'] }, 'group'], 'GET /c'), first)
  t.not(declare([{ cn: 'a', o: ['x', 'y'] }, 'group'], 'scope /', 'scope /'), first, 'declared elsewhere')
  t.same(compiled, ['GET /a', 'GET /c', 'scope /'])
  t.end()
})

test('rules that only look equal as JSON are not', (t) => {
  const declared = new DeclarationCache()
  const declare = (value: any) => declared.declare(value, 'GET /', origin, () => {})
  const [allow, refuse] = [() => true, () => false]
  const first = declare([allow])
  t.equal(declare([allow]), first, 'the same predicate')
  t.not(declare([refuse]), first, 'another predicate')
  t.not(declare([null]), first)
  const rule = declare([{ cn: 'a' }])
  t.not(declare([{ cn: 'a', ou: undefined }]), rule, 'a key without a value is a mistake of its own')
  t.not(declare([{ cn: 'a', spiffe: refuse }]), rule)
  t.end()
})

test('a change of the caller\'s own rules makes other rules', (t) => {
  const declared = new DeclarationCache()
  const declare = (value: any) => declared.declare(value, 'GET /', origin, () => {})
  const rules: any[] = [{ cn: 'a' }]
  const first = declare(rules)
  rules[0].cn = 'b'
  t.same(first.value, [{ cn: 'a' }])
  t.same(declare(rules).value, [{ cn: 'b' }])
  rules.push('group')
  t.same(declare(rules).value, [{ cn: 'b' }, 'group'])
  t.end()
})

test('rules that are refused are not kept', (t) => {
  const declared = new DeclarationCache()
  const refuse = (): void => { throw new Error('wrong') }
  t.throws(() => declared.declare([{ cn: 'a' }], 'GET /a', origin, refuse), { message: 'wrong' })
  t.throws(() => declared.declare([{ cn: 'a' }], 'GET /b', origin, refuse), { message: 'wrong' })
  t.end()
})

test('what JSON cannot say, and very long rules, are declared each by itself', (t) => {
  const declared = new DeclarationCache()
  const declare = (value: any) => declared.declare(value, 'GET /', origin, () => {})
  const circle: any[] = []
  circle.push(circle)
  for (const value of [circle, [{ cn: 1n }], [{ cn: Array.from({ length: 5_000 }, (_, index) => `client-${index}`) }]]) t.not(declare(value), declare(value))
  t.end()
})
