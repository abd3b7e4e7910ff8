import type { FlatRules } from './compile-groups.ts'
import type { RequestUse } from './language/request-value.ts'
import type { TemporaryRule } from './language/rule-period.ts'

/** What the verdicts of a rule set depend on besides the identity. */
export interface Dependencies {
  readonly requestValues: readonly RequestUse[]
  readonly temporary: readonly TemporaryRule[]
}

const NONE: readonly never[] = Object.freeze([])

/** Lists the values of the request that rules name, and the rules that hold for a time. */
export function listDependencies ({ rules, shared }: FlatRules): Dependencies {
  const requestValues: RequestUse[] = []
  const temporary: TemporaryRule[] = []
  for (const list of [rules.map(({ rule }) => rule), ...shared.map(({ definition }) => definition.rules)]) {
    for (const { path, dependencies } of list) {
      if (dependencies === undefined) continue
      for (const { source, name, path } of dependencies.bindings) {
        requestValues.push(Object.freeze({ source, name, path: path.toString() }))
      }
      if (dependencies.period !== undefined) {
        temporary.push(Object.freeze({ path: path.toString(), ...dependencies.period }))
      }
    }
  }
  return {
    requestValues: requestValues.length === 0 ? NONE : Object.freeze(requestValues),
    temporary: temporary.length === 0 ? NONE : Object.freeze(temporary)
  }
}
