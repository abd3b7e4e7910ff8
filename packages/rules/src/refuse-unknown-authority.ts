import { suggestNearest } from '@peerkit/identity/internal'
import { listSome } from './list-words.ts'
import { refuseRule } from './refuse-rule.ts'
import type { Authorities } from './rule-authority.ts'
import type { RulePath } from './rule-path.ts'

/** @throws RuleInvalidError for a name that none of the known authorities has */
export function refuseUnknownAuthority (name: string, { byName, elsewhere }: Authorities, path: RulePath): void {
  if (byName.has(name)) return
  const names = [...byName.keys()]
  const shown = listSome(names.map((one) => JSON.stringify(one)), 10, 'or')
  const only = elsewhere.get(name)
  const hint = only === undefined
    ? suggestNearest(name, names)
    : `authority ${JSON.stringify(name)} vouches for ${only} only`
  refuseRule(path, 'unknown_authority', name, `the name of an authority, ${shown}`, hint)
}
