import { findNearest } from '@peerkit/identity/internal'
import { expectPlainObject, refuseRule } from './rule-path.ts'
import type { RulePath } from './rule-path.ts'

/** The parts of an object in a rule, with their paths. */
export type Parts<Name extends string> = {
  readonly [name in Name]?: { readonly value: unknown, readonly path: RulePath }
}

/**
 * The parts of an object that a rule has as a value, such as `{ oid, value }`.
 *
 * @param names the parts that it may have; at least one must be there
 * @param expected the object, for errors
 * @throws RuleInvalidError
 */
export function readParts<Name extends string> (
  value: unknown, path: RulePath, names: readonly Name[], expected: string
): Parts<Name> {
  return Object.fromEntries(expectPlainObject(value, path, expected).map(([name, content]) => {
    const at = path.at(name)
    if (!names.includes(name as Name)) {
      const meant = findNearest(name, names)
      const hint = meant === undefined ? '' : `did you mean "${meant}"?`
      refuseRule(at, 'unknown_key', name, `one of ${names.join(', ')}`, hint)
    }
    return [name, { value: content, path: at }]
  })) as Parts<Name>
}
