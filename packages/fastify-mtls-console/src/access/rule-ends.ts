import type { ConsoleState } from '../console-state.ts'

/** A rule with its end, as the pages list ends. */
export interface RuleEnd {
  readonly what: 'rule'
  /** The path of the rule. */
  readonly name: string
  readonly fingerprint256: undefined
  /** The first moment at which it no longer holds, in milliseconds since the epoch. */
  readonly notAfter: number
  readonly end: number
}

/** The rules that hold until a moment, ended ones too. A rule of a group that several routes name is listed once. */
export function listRuleEnds ({ control }: Pick<ConsoleState, 'control'>): RuleEnd[] {
  const ends = new Map<string, RuleEnd>()
  for (const { requirements } of control.routes()) {
    for (const { path, until } of requirements.flatMap(({ temporary }) => temporary)) {
      if (until === Infinity) continue
      ends.set(path, { what: 'rule', name: path, fingerprint256: undefined, notAfter: until, end: until })
    }
  }
  return [...ends.values()]
}
