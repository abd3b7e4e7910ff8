import { BoundCondition } from '../match/bound-condition.ts'
import type { LiteralReader } from '../match/bound-condition.ts'
import { describeBinding, readBinding } from './request-value.ts'
import type { Binding } from './request-value.ts'
import { refuseRule } from './rule-path.ts'
import type { RulePath } from './rule-path.ts'

/**
 * A value that comes from the request.
 *
 * @param literal how a value of the request is read; undefined if the key takes none
 * @param bindings where it is added
 * @throws RuleInvalidError
 */
export function readBound (
  value: object, path: RulePath, literal: LiteralReader | undefined, bindings: Binding[]
): BoundCondition {
  const binding = readBinding(value, path)
  if (literal === undefined) {
    refuseRule(path, 'wrong_type', value, 'a value of the certificate', `it cannot be ${describeBinding(binding)}`)
  }
  bindings.push(binding)
  return new BoundCondition(binding, literal)
}
