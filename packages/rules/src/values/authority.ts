import { listSome } from '../list-words.ts'
import { suggestWord } from '../nearest-word.ts'
import { refuseRule } from '../refuse-rule.ts'
import type { RulePath } from '../rule-path.ts'
import type { Table, Term } from '../table.ts'
import { readText } from './text.ts'

const TABLE: Table = {
  name: 'authority',
  segmented: false,
  // Undefined where nobody knows who vouches, which is neither this authority nor another.
  read: ({ authority }) => authority === undefined ? undefined : [authority]
}

/** The name of an authority, exactly. @throws MTLS_ERR_RULE_INVALID */
export function readAuthority (value: unknown, path: RulePath): Term {
  return { table: TABLE, key: readText(value, path, 'the name of an authority') }
}

/** @throws MTLS_ERR_RULE_INVALID for a name that none of the known authorities has */
export function refuseUnknownAuthority (name: string, known: ReadonlyMap<string, unknown>, path: RulePath): void {
  if (known.has(name)) return
  const names = [...known.keys()]
  const shown = listSome(names.map((one) => JSON.stringify(one)), 10, 'or')
  refuseRule(path, 'unknown_authority', name, `the name of an authority, ${shown}`, suggestWord(name, names))
}
