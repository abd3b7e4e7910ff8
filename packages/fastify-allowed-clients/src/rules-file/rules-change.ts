/** The rules of a file, by place. */
interface RulesByPlace {
  readonly groups: object
  readonly defaultRules: unknown
  readonly routes: ReadonlyMap<string, unknown>
}

/** A rule of a file that came or went. */
export interface ChangedRule {
  /** Where it is in the file: `groups.billing`, `defaultRules` or `routes["GET /invoices"]`. */
  readonly path: string
  /** The rule as JSON: `{"ou":"billing"}`, or the name of a group in quotes. */
  readonly rule: string
}

/** What a changed rules file would change. A rule that is written in another way went and came. */
export interface RulesChange {
  readonly file: string
  /** The number that the rules would have. Those in force have the one before. */
  readonly generation: number
  readonly added: readonly ChangedRule[]
  readonly removed: readonly ChangedRule[]
}

/** Compares the rules of a file before and after a change. */
export function compareRules (
  before: RulesByPlace, after: RulesByPlace & { readonly file: string }, generation: number
): RulesChange {
  const [old, next] = [listRules(before), listRules(after)]
  return Object.freeze({
    file: after.file, generation, added: listMissing(next, old), removed: listMissing(old, next)
  })
}

type RulesByPath = ReadonlyMap<string, ReadonlySet<string>>

function listRules ({ groups, defaultRules, routes }: RulesByPlace): RulesByPath {
  const places: [string, unknown][] = [
    ...Object.entries(groups).map(([name, rules]): [string, unknown] => [`groups${nameKey(name)}`, rules]),
    ...defaultRules === undefined ? [] : [['defaultRules', defaultRules] as [string, unknown]],
    ...[...routes].map(([route, rules]): [string, unknown] => [`routes[${JSON.stringify(route)}]`, rules])
  ]
  return new Map(places.map(([path, rules]) => {
    return [path, new Set([rules].flat().map((rule) => JSON.stringify(rule)))]
  }))
}

function nameKey (name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`
}

/** The rules that one file has and the other does not have at the same place. */
function listMissing (these: RulesByPath, those: RulesByPath): readonly ChangedRule[] {
  return Object.freeze([...these].flatMap(([path, rules]) => {
    const others = those.get(path)
    return [...rules].filter((rule) => others?.has(rule) !== true).map((rule) => Object.freeze({ path, rule }))
  }))
}
