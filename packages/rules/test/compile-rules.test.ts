import { test } from 'tap'
import { createDevCa } from '@peerkit/dev-ca'
import { createPartialIdentity, parsePeerIdentity } from '@peerkit/identity'
import { PredicateResultError, compileRules } from '../src/index.ts'
import type { Predicate, RuleInvalidError, RuleSet } from '../src/index.ts'

const ca = await createDevCa({ name: 'Rules CA' })
const web = parsePeerIdentity(
  (await ca.issue({ cn: 'web', o: 'Acme', ou: ['ops', 'billing'], spiffe: 'spiffe://td.example/ns/ops/sa/web' })).der
)
const partial = createPartialIdentity({ serialNumber: '01' })

const error = (run: () => unknown): RuleInvalidError => {
  try { run() } catch (error) { return error as RuleInvalidError }
  throw new Error('nothing was thrown')
}

test('allows the first rule that matches and names its group', async (t) => {
  const authorizer = compileRules(
    [{ cn: 'other' }, 'billing', { o: 'Acme' }], { groups: { billing: { ou: 'billing' } } }
  )
  t.same(authorizer.authorize(web), { allowed: true, rule: 1, group: 'billing' })
  t.equal(authorizer.isAsync, false)
  t.equal(authorizer.size, 3)
})

test('refuses a peer that no rule matches, a missing one and one of whom too little is known', async (t) => {
  const authorizer = compileRules([{ cn: 'other' }])
  t.same(authorizer.authorize(web), { allowed: false, reason: 'no_match' })
  t.same(authorizer.authorize(undefined), { allowed: false, reason: 'no_identity' })
  t.same(authorizer.authorize(null), { allowed: false, reason: 'no_identity' })
  t.same(authorizer.authorize('CN=other' as never), { allowed: false, reason: 'no_identity' })
  t.same(authorizer.authorize(partial), { allowed: false, reason: 'incomplete_identity' })
})

test('answers with the same frozen verdict every time', async (t) => {
  const authorizer = compileRules([{ cn: 'web' }])
  const verdict = authorizer.authorize(web)
  t.equal(authorizer.authorize(web), verdict)
  t.ok(Object.isFrozen(verdict) && Object.isFrozen(authorizer) && Object.isFrozen(authorizer.warnings))
  for (const peer of [undefined, partial, createPartialIdentity({ subject: 'CN=x' })]) {
    t.ok(Object.isFrozen(authorizer.authorize(peer)))
  }
})

test('keeps nothing of the caller\'s objects, whatever becomes of them', async (t) => {
  const rule = { cn: ['web'], subject: { o: ['Acme'] } }
  const rules = [rule]
  const groups: { ops: { cn: string }[] } = { ops: [{ cn: 'ops' }] }
  const authorizer = compileRules(rules, { groups })
  const before = JSON.stringify(rules)
  rule.cn[0] = 'evil'
  rule.subject.o.push('Evil')
  rules.push({ cn: ['evil'], subject: { o: ['Evil'] } })
  groups.ops.length = 0
  t.match(authorizer.authorize(web), { allowed: true })
  t.match(authorizer.authorize(createPartialIdentity({ subject: 'CN=evil,O=Acme' })), { allowed: false })
  const frozen = Object.freeze([Object.freeze({ cn: Object.freeze(['web']) })])
  t.match(compileRules(frozen).authorize(web), { allowed: true })
  t.equal(before, '[{"cn":["web"],"subject":{"o":["Acme"]}}]')
})

test('refuses undefined values and holes, which would otherwise widen a rule', async (t) => {
  const rules: [unknown, string][] = [
    [[{ cn: 'a', ou: undefined }], 'rules[0].ou'], [[undefined], 'rules[0]'],
    [[{ cn: ['a', undefined] }], 'rules[0].cn[1]'],
    // eslint-disable-next-line no-sparse-arrays
    [[{ cn: ['a', , 'b'] }], 'rules[0].cn[1]'], [[, { cn: 'a' }], 'rules[0]'],
    [[{ cn: 'a', not: undefined }], 'rules[0].not'], [[{ cn: 'a', via: [undefined] }], 'rules[0].via[0]'],
  ]
  for (const [wrong, path] of rules) {
    t.match(error(() => compileRules(wrong as RuleSet)), { reason: 'wrong_type', path, found: 'undefined' })
  }
})

test('reads own properties only, and refuses those that JSON does not have', async (t) => {
  const inherited = Object.create({ cn: 'web' })
  t.match(error(() => compileRules([inherited])), { reason: 'wrong_type' })
  t.match(error(() => compileRules([new Map([['cn', 'web']]) as never])), { reason: 'wrong_type' })
  t.match(error(() => compileRules([{ cn: 'web', [Symbol('ou')]: 'x' } as never])), { reason: 'unknown_key' })
  t.match(
    error(() => compileRules([Object.defineProperty({ cn: 'web' }, 'hidden', { value: 1 }) as never])),
    { reason: 'unknown_key' }
  )
  t.match(compileRules([Object.assign(Object.create(null), { cn: 'web' })]).authorize(web), { allowed: true })
})

test('is not moved by a polluted Object.prototype', async (t) => {
  const polluted = Object.prototype as Record<string, unknown>
  t.teardown(() => { delete polluted.cn; delete polluted.groups })
  polluted.cn = 'web'
  polluted.groups = { evil: { o: 'Acme' } }
  const authorizer = compileRules([{ ou: 'nobody' }])
  t.match(authorizer.authorize(web), { allowed: false })
  t.match(error(() => compileRules([{}] as RuleSet)), { reason: 'empty' })
  t.match(error(() => compileRules(['evil'])), { reason: 'unknown_group' })
})

test('refuses a rule that holds itself instead of running forever', async (t) => {
  const rule: { cn: string, not?: unknown } = { cn: 'a' }
  rule.not = [rule, rule]
  t.match(error(() => compileRules([rule as never])), { reason: 'too_deep' })
})

test('refuses options it does not know', async (t) => {
  t.match(
    error(() => compileRules([{ cn: 'a' }], { group: {} } as never)),
    { reason: 'unknown_key', path: 'options.group', message: /did you mean "groups"/ }
  )
  t.match(error(() => compileRules([{ cn: 'a' }], null as never)), { reason: 'wrong_type', path: 'options' })
  t.match(
    error(() => compileRules([{ cn: 'a' }], { path: 1 } as never)), { reason: 'wrong_type', path: 'options.path' }
  )
  t.match(error(() => compileRules([{ cn: 'a' }], { groups: 'a' } as never)), { reason: 'wrong_type', path: 'groups' })
})

test('names the option and the key in the errors', async (t) => {
  const { message, path, found, expected } = error(() => {
    return compileRules([{ cn: 'a' }, { spiffe: ['spiffe://TD/a'] }], { path: 'config.allowedClients' })
  })
  t.equal(path, 'config.allowedClients[1].spiffe[0]')
  t.equal(found, '"spiffe://TD/a"')
  t.match(expected, /^a SPIFFE ID/)
  t.match(
    message,
    /config\.allowedClients\[1\]\.spiffe\[0\]: found "spiffe:\/\/TD\/a", expected a SPIFFE ID .*"T" in the trust domain/
  )
})

const truly: Predicate = () => true
const falsely: Predicate = () => false

test('asks predicates in order, with the peer and the request, where no rule matches', async (t) => {
  const calls: unknown[] = []
  const request = { url: '/' }
  const log = (answer: boolean): Predicate => (...args) => { calls.push([answer, ...args]); return answer }
  const authorizer = compileRules([log(false), { cn: 'other' }, log(true), log(true)])
  t.equal(authorizer.isAsync, true)
  t.same(authorizer.authorize(web, request), { allowed: true, rule: 2, group: undefined })
  t.same(calls, [[false, web, request], [true, web, request]])
})

test('asks no predicate where a rule matches or nobody is there', async (t) => {
  const authorizer = compileRules([() => t.fail('it was asked'), { cn: 'web' }])
  t.same(authorizer.authorize(web), { allowed: true, rule: 1, group: undefined })
  t.same(authorizer.authorize(undefined), { allowed: false, reason: 'no_identity' })
})

test('says what refused: predicates, or an identity that says too little', async (t) => {
  t.same(compileRules([falsely]).authorize(web), { allowed: false, reason: 'predicate_refused' })
  t.same(compileRules([falsely, { cn: 'other' }]).authorize(web), { allowed: false, reason: 'predicate_refused' })
  t.same(compileRules([falsely, { cn: 'other' }]).authorize(partial), { allowed: false, reason: 'incomplete_identity' })
  t.same(compileRules([truly, { cn: 'other' }]).authorize(partial), { allowed: true, rule: 0, group: undefined })
})

test('waits for predicates that answer later, one after the other', async (t) => {
  const order: number[] = []
  const later = (number: number, answer: boolean): Predicate => async () => {
    order.push(number)
    await undefined
    order.push(-number)
    return answer
  }
  const verdict = compileRules([later(1, false), falsely, later(2, true), later(3, true)]).authorize(web)
  t.type(verdict, Promise)
  t.same(await verdict, { allowed: true, rule: 2, group: undefined })
  t.same(order, [1, -1, 2, -2])
  t.same(
    await compileRules([later(1, false), later(2, false)]).authorize(web),
    { allowed: false, reason: 'predicate_refused' }
  )
})

test('refuses where a predicate throws, rejects or answers no boolean, and asks no further one', async (t) => {
  const failure = new Error('database is down')
  const broken: [string, Predicate<any>, unknown][] = [
    ['throws', () => { throw failure }, failure],
    ['rejects', async () => { throw failure }, failure],
    ['throws undefined', () => { throw undefined }, undefined], // eslint-disable-line no-throw-literal
    ...[undefined, null, 1, 0, 'true', '', {}, [], new Boolean(true), Symbol.iterator].flatMap((answer): [string, Predicate<any>, unknown][] => [ // eslint-disable-line no-new-wrappers
      [`answers ${String(answer)}`, () => answer as never, PredicateResultError],
      [`answers ${String(answer)} later`, async () => answer as never, PredicateResultError],
    ]),
    ['has a then that throws', () => ({ get then () { throw failure } }) as never, failure],
    [
      'answers a thenable that rejects',
      () => ({ then: (_: unknown, reject: (error: Error) => void) => reject(failure) }) as never, failure
    ],
  ]
  for (const [name, predicate, expected] of broken) {
    const verdict = await compileRules([falsely, predicate, truly]).authorize(web)
    t.match(verdict, { allowed: false, reason: 'predicate_failed' }, name)
    const { error } = verdict as { error?: unknown }
    if (expected === PredicateResultError) {
      t.ok(
        error instanceof PredicateResultError && error.message.includes('rules[1]'), `${name}: ${error}`
      )
    } else t.equal(error, expected, name)
    t.ok(Object.isFrozen(verdict), name)
  }
})

test('a predicate that answers a promise within a promise is taken at its last word', async (t) => {
  t.same(
    await compileRules([() => Promise.resolve(Promise.resolve(true))]).authorize(web),
    { allowed: true, rule: 0, group: undefined }
  )
})

test('rules about more attributes than are remembered decide as those about few', async (t) => {
  const types = Array.from({ length: 300 }, (_, at) => `2.999.${at}`)
  const rules = types.flatMap((type) => ['a', 'b'].map((value) => ({ subject: { [type]: value }, o: 'Acme' })))
  const [inOrder, reversed] = [compileRules(rules), compileRules(rules.toReversed())]
  for (const [at, type] of types.entries()) {
    const peer = createPartialIdentity({ subject: `${type}=b,O=Acme` })
    t.match(inOrder.authorize(peer), { allowed: true, rule: at * 2 + 1 })
    t.match(reversed.authorize(peer), { allowed: true, rule: rules.length - 2 - at * 2 })
    t.match(inOrder.authorize(createPartialIdentity({ subject: `${type}=c,O=Acme` })), { allowed: false })
  }
})
