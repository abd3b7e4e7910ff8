import { test } from 'tap'
import { RuleInvalidError, compileRules } from '../src/index.ts'
import { GROUPS, INVALID, VALID } from './cases.ts'

function refusal (rules: unknown): RuleInvalidError {
  try {
    compileRules(rules as never, { groups: GROUPS })
  } catch (error) {
    return error as RuleInvalidError
  }
  throw new Error('it was accepted')
}

test('accepts every valid rule set of the table', async (t) => {
  for (const { name, rules } of VALID) t.doesNotThrow(() => compileRules(rules as never, { groups: GROUPS }), name)
})

test('refuses every invalid rule set of the table, with its reason and the path of the offending key', async (t) => {
  for (const { name, rules, reason, path, says } of INVALID) {
    const error = refusal(rules)
    t.ok(error instanceof RuleInvalidError, `${name}: ${error}`)
    t.equal(error.reason, reason, `${name}: ${error.message}`)
    t.equal(error.path, path, name)
    t.ok(error.message.includes(`${path}: found ${error.found}, expected ${error.expected}`), name)
    if (says !== undefined) t.ok(error.message.includes(says), `${name}: ${error.message}`)
  }
})

test('says what it found instead of a text, also if JSON has no such thing', async (t) => {
  for (const [value, found] of [[() => true, 'a function'], [1n, '1n'], [Symbol('x'), 'Symbol(x)'], [undefined, 'undefined'], [{}, 'an empty object']] as const) {
    t.match(refusal([{ cn: value }]), { reason: value === undefined ? /./ : 'wrong_type', path: 'rules[0].cn', found })
  }
})
