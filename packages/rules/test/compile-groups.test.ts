import { test } from 'tap'
import { createPartialIdentity } from '@peerkit/identity'
import { compileGroups, compileRules } from '../src/index.ts'
import type { RuleInvalidError } from '../src/index.ts'

const peer = (subject: string): ReturnType<typeof createPartialIdentity> => createPartialIdentity({ subject })
const error = (run: () => unknown): RuleInvalidError => {
  try { run() } catch (error) { return error as RuleInvalidError }
  throw new Error('nothing was thrown')
}

test('a group is a rule or a rule set, with predicates and other groups in it', async (t) => {
  const groups = compileGroups({
    ops: { ou: 'ops' }, all: ['ops', { cn: 'x' }, ({ subject }) => subject?.organization === 'Acme']
  })
  t.same([...groups.names], ['ops', 'all'])
  const authorizer = compileRules([{ cn: 'none' }, 'all'], { groups })
  for (const subject of ['OU=ops', 'CN=x', 'O=Acme']) {
    t.same(authorizer.authorize(peer(subject)), { allowed: true, rule: 1, group: 'all' }, subject)
  }
  t.same(authorizer.authorize(peer('CN=y')), { allowed: false, reason: 'predicate_refused' })
  t.equal(authorizer.size, 4)
})

test('compiled groups are taken as they are, any number of times', async (t) => {
  const groups = compileGroups({ a: { cn: 'a' } }, { path: 'clients' })
  t.equal(compileGroups(groups), groups)
  t.match(compileRules(['a'], { groups }).authorize(peer('CN=a')), { allowed: true })
  t.match(compileRules([{ cn: 'b' }, 'a'], { groups }).authorize(peer('CN=a')), { allowed: true, rule: 1 })
})

test('an app without groups may pass an empty object', async (t) => {
  t.match(compileRules([{ cn: 'a' }], { groups: {} }).authorize(peer('CN=a')), { allowed: true })
})

test('refuses wrong groups, naming the option', async (t) => {
  const wrong: [unknown, string, string][] = [
    [{ a: {} }, 'empty', 'clients.a'], [{ a: [] }, 'empty', 'clients.a'], [{ a: null }, 'wrong_type', 'clients.a'],
    [{ a: 'c', b: { cn: 'x' } }, 'unknown_group', 'clients.a'],
    [{ a: 5 }, 'wrong_type', 'clients.a'], [{ a: { uo: 'x' } }, 'unknown_key', 'clients.a.uo'],
    [{ 'b c': [{ cn: '' }] }, 'empty', 'clients["b c"][0].cn'], [{ '': { cn: 'a' } }, 'empty', 'clients[""]'],
    [{ a: ['c'], b: { cn: 'x' } }, 'unknown_group', 'clients.a[0]'], [[{ cn: 'a' }], 'wrong_type', 'clients'],
    [null, 'wrong_type', 'clients'], [new Map(), 'wrong_type', 'clients'],
    [{ a: ['a'] }, 'group_cycle', 'clients.a[0]'],
    [{ a: ['b', { cn: 'x' }], b: [{ cn: 'y' }, 'c'], c: ['a'] }, 'group_cycle', 'clients.c[0]'],
    [{ z: ['a'], a: ['b'], b: ['a'] }, 'group_cycle', 'clients.b[0]'],
  ]
  for (const [groups, reason, path] of wrong) {
    t.match(error(() => compileGroups(groups as never, { path: 'clients' })), { reason, path }, JSON.stringify(groups))
    if (reason !== 'wrong_type' || path !== 'clients') {
      t.match(
        error(() => compileRules([{ cn: 'a' }], { groups: groups as never, groupsPath: 'clients' })), { reason, path }
      )
    }
  }
  t.match(error(() => compileGroups({ a: ['b'], b: ['c'], c: ['b'] })).message, /\(b > c > b\)|[^>] b > c > b/)
  const long = Object.fromEntries(Array.from({ length: 30 }, (_, at) => [`g${at}`, [`g${(at + 1) % 30}`]]))
  const cut = Array.from({ length: 9 }, (_, at) => `g${at + 21}`).join(' > ')
  t.match(error(() => compileGroups(long)).message, `${cut} > g0`)
  t.notMatch(error(() => compileGroups(long)).message, 'g20 >', 'the last ten of a long cycle')
  t.equal(error(() => compileRules([{ cn: '' }], { path: '' })).path, '[0].cn', 'a path may be empty')
  t.equal(error(() => compileRules(['a'], { groups: { a: { cn: '' } }, groupsPath: '' })).path, '.a.cn')
})

test('a group may be one entry without an array: a rule, another group or a predicate', async (t) => {
  const groups = compileGroups({ a: 'b', b: { cn: 'x' }, c: ({ spiffeId }) => spiffeId === 'spiffe://td/c' })
  const decide = (name: 'a' | 'b' | 'c'): unknown => compileRules(name, { groups }).authorize(peer('CN=x'))
  t.same(decide('a'), { allowed: true, rule: 0, group: 'a' })
  t.same(decide('b'), { allowed: true, rule: 0, group: 'b' })
  t.match(await decide('c'), { allowed: false, reason: 'predicate_refused' })
  t.match(error(() => compileGroups({ a: 'b', b: 'a' } as never)), { reason: 'group_cycle' })
})

test('names that every object has are groups only where they are declared', async (t) => {
  const groups = JSON.parse('{ "__proto__": { "cn": "a" }, "constructor": { "cn": "b" }, "toString": [ "__proto__" ] }')
  const authorizer = compileRules(['__proto__', 'constructor', 'toString'], { groups })
  t.same(authorizer.authorize(peer('CN=a')), { allowed: true, rule: 0, group: '__proto__' })
  t.same(authorizer.authorize(peer('CN=b')), { allowed: true, rule: 1, group: 'constructor' })
  for (const name of ['__proto__', 'constructor', 'hasOwnProperty', 'valueOf']) {
    t.match(
      error(() => compileRules([name], { groups: { a: { cn: 'a' } } as Record<string, { cn: string }> })),
      { reason: 'unknown_group' },
      name
    )
  }
})

test('a chain of groups longer than the call stack, and groups that double at every level, are ' +
  'no trouble', async (t) => {
  const chain: Record<string, unknown> = { g0: { cn: 'deep' } }
  for (let i = 1; i < 50_000; i++) chain[`g${i}`] = [`g${i - 1}`]
  t.same(
    compileRules(['g49999'], { groups: chain as never }).authorize(peer('CN=deep')),
    { allowed: true, rule: 0, group: 'g49999' }
  )
  const doubling: Record<string, unknown> = { g0: { cn: 'deep' } }
  for (let i = 1; i < 100; i++) doubling[`g${i}`] = [`g${i - 1}`, `g${i - 1}`]
  const authorizer = compileRules(['g99'], { groups: doubling as never })
  t.match(authorizer.authorize(peer('CN=deep')), { allowed: true, group: 'g99' })
  t.equal(authorizer.size, 1)
  const ring: Record<string, unknown> = { ...chain, g0: ['g49999'] }
  t.match(error(() => compileGroups(ring as never)), { reason: 'group_cycle' })
})

test('large groups, which share their index, decide and count as small ones do', async (t) => {
  const names = Array.from({ length: 3000 }, (_, i) => `service-${i}`)
  const groups = compileGroups({
    list: { cn: names, not: { o: 'Evil' } },
    rules: names.map((ou) => ({ ou })),
    small: { o: 'Acme' },
    both: ['list', 'rules', 'small']
  })
  const authorizer = compileRules([{ cn: 'x' }, 'both', { cn: 'service-2999' }], { groups })
  t.same(authorizer.authorize(peer('CN=service-2999')), { allowed: true, rule: 1, group: 'both' })
  t.same(authorizer.authorize(peer('OU=service-2999')), { allowed: true, rule: 1, group: 'both' })
  t.same(authorizer.authorize(peer('O=Acme')), { allowed: true, rule: 1, group: 'both' })
  t.same(authorizer.authorize(peer('CN=x,OU=service-1')), { allowed: true, rule: 0, group: undefined })
  t.same(authorizer.authorize(peer('CN=service-2999,O=Evil')), { allowed: true, rule: 2, group: undefined })
  t.same(authorizer.authorize(peer('CN=service-1,O=Evil')), { allowed: false, reason: 'no_match' })
  t.same(
    authorizer.authorize(createPartialIdentity({ serialNumber: '1' })),
    { allowed: false, reason: 'incomplete_identity' }
  )
  t.equal(authorizer.size, 3004)
  t.match(
    authorizer.explain(peer('CN=service-1,O=Evil')).closest,
    { group: 'both', path: 'groups.list', failed: [{ key: 'not' }] }
  )
  t.match(authorizer.describe(), /- "both": CN is "service-0" or .* or 2995 more and not \(O is "Evil"\)/)
  t.match(authorizer.describe(), /- and 2954 more$/)
  t.equal(authorizer.warnings.length, 21)
  t.match(authorizer.warnings.at(-1), /^and 298\d more rules like these$/)
  t.match(compileRules(['list'], { groups }).authorize(peer('CN=service-7')), { allowed: true, rule: 0, group: 'list' })
})

test('a group that is not declared is told with those that are', async (t) => {
  const message = (...names: readonly string[]): string =>
    error(() => compileRules(['nobody'], { groups: compileGroups(Object.fromEntries(names.map((name) => [name, { cn: name }]))) })).message
  t.match(message(), /expected a rule, because no groups are declared/)
  t.match(message('a', 'b'), /expected one of the groups "a", "b"$/)
  const many = Array.from({ length: 12 }, (_, index) => `g${index}`)
  t.match(message(...many), /expected one of the groups "g0", .*, "g9" and 2 more$/)
  t.match(message(...many.slice(0, 10)), /, "g9"$/)
})

test('options are checked', async (t) => {
  const wrong = { authority: [] } as object
  t.throws(() => compileGroups({}, wrong), {
    code: 'MTLS_ERR_RULE_INVALID', reason: 'unknown_key', message: /unknown option "authority"/
  })
  t.throws(() => compileGroups({}, { path: 1 } as object), {
    code: 'MTLS_ERR_RULE_INVALID', reason: 'wrong_type', path: 'options.path'
  })
  t.throws(() => compileGroups({}, null as never), { code: 'MTLS_ERR_RULE_INVALID' })
})
