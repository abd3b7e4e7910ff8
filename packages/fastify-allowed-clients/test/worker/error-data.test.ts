import { compileRules, RuleInvalidError } from '@peerkit/rules'
import { test } from 'tap'
import { AllowedClientsOptionError, RulesFileInvalidError } from '../../src/errors.ts'
import { describeError, reviveError } from '../../src/rules-file/worker/error-data.ts'

function thrownBy (run: () => unknown): Error {
  try {
    run()
  } catch (error) {
    return error as Error
  }
  throw new Error('it did not throw')
}

/** All that a program or a log can see of an error. */
function see (error: unknown): unknown {
  if (!(error instanceof Error)) return error
  const { name, message, stack, constructor, cause } = error
  return { name, message, stack, constructor, fields: { ...error }, hasCause: 'cause' in error, cause: see(cause), text: String(error) }
}

/** As it arrives on the other thread. */
const cross = (error: unknown): Error => reviveError(structuredClone(describeError(error)))

test('errors are the same on the other thread', async (t) => {
  const system = Object.assign(new Error("ENOENT: no such file or directory, open 'a'"), { errno: -2, code: 'ENOENT', syscall: 'open', path: 'a' })
  const rule = thrownBy(() => compileRules([{ cn: 'web' }, { uo: 'x' } as never]))
  const errors = [
    rule,
    new AllowedClientsOptionError('groups.public: "public" is a reserved word'),
    new RulesFileInvalidError('/a.json', 'malformed', 'Rules file /a.json refused: twice'),
    new RulesFileInvalidError('/$&.json', 'unreadable', 'why', { cause: system }),
    new RulesFileInvalidError('/a.json', 'rule_invalid', rule.message, { cause: rule }),
    thrownBy(() => { (undefined as any).x() }),
    thrownBy(() => JSON.parse('{')),
    new RangeError('deep', { cause: new Error('inside') }),
    Object.assign(new Error('named'), { name: 'Other' }),
    system
  ]
  for (const error of errors) {
    const crossed = cross(error)
    t.same(see(crossed), see(error), error.message)
  }
  t.ok(cross(rule) instanceof RuleInvalidError)
  t.match(cross(rule), { path: 'rules[1].uo', reason: 'unknown_key', expected: /./, found: /./ })
})

test('classes of others arrive as errors, with their names', async (t) => {
  class Special extends Error { override name = 'Special' }
  const crossed = cross(new Special('a'))
  t.match([crossed.constructor, crossed.name, crossed.message], [Error, 'Special', 'a'])
  t.match(cross(new DOMException('ended', 'AbortError')), { name: 'AbortError', message: 'ended' })
  t.match(cross('text'), { message: 'it threw string, which is no error' })
  t.match(cross(null), { message: 'it threw null, which is no error' })
})

test('a circle of causes ends', async (t) => {
  const error = new Error('round')
  error.cause = error
  let depth = 0
  for (let at: unknown = cross(error); at instanceof Error; at = at.cause) depth++
  t.equal(depth, 6)
})
