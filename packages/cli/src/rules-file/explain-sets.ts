import type { PeerIdentity } from '@peerkit/identity'
import { explain } from '@peerkit/rules'
import type { Explanation, RuleAuthority } from '@peerkit/rules'
import { UsageError } from '../usage-error.ts'
import { findNearest } from '@peerkit/identity/internal'
import type { RulesFile, RulesOfFile } from './read-rules-file.ts'

/** What one set of rules answers. */
export interface Outcome {
  readonly set: RulesOfFile
  readonly isAllowed: boolean
  /** `public` or `authenticated`, if the set is this word instead of rules. */
  readonly word: string | undefined
  /** Undefined for a word. */
  readonly explanation: Explanation | undefined
}

/** The sets of rules that are asked, and a remark about the choice. */
export interface ChosenSets {
  readonly sets: readonly RulesOfFile[]
  readonly note: string | undefined
}

/** A method and a path, or `*` for every path. */
const ROUTE = /^[A-Z][A-Z-]* [/*]/
const WORDS = ['public', 'authenticated']

/**
 * Chooses the rules of a route as fastify-allowed-clients does: its own, for HEAD those of GET, else the default. All
 * sets without a route.
 *
 * @throws UsageError
 */
export function chooseSets ({ sets }: RulesFile, route: string | undefined, file: string): ChosenSets {
  if (route === undefined) return { sets, note: undefined }
  const routes = sets.flatMap((set) => set.route ?? [])
  const keys = [route, ...(route.startsWith('HEAD ') ? [route.replace('HEAD', 'GET')] : [])]
  const own = keys.map((key) => sets.find((set) => set.route === key)).find((set) => set !== undefined)
  if (own !== undefined) return { sets: [own], note: undefined }
  checkRoute(route, routes)
  const defaults = sets.find(({ path }) => path === 'defaultRules')
  const near = findNearest(route, routes)
  const hint = near === undefined ? '' : `; did you mean ${JSON.stringify(near)}?`
  if (defaults !== undefined) {
    const said = `the file does not name the route ${JSON.stringify(route)}${hint === '' ? '.' : hint}`
    return { sets: [defaults], note: `${said} This is the answer of its defaultRules` }
  }
  const expected = routes.length === 0 ? 'a file with routes' : `one of ${routes.slice(0, 10).join(', ')}`
  const found = `--route is ${JSON.stringify(route)}, which --rules ${file} does not name`
  throw new UsageError(`${found}${hint === '' ? `; expected ${expected}` : hint}`)
}

/** A route that is none would get the default rules, and their answer. @throws UsageError */
function checkRoute (route: string, routes: readonly string[]): void {
  if (ROUTE.test(route)) return
  const near = routes.find((one) => one.endsWith(` ${route}`)) ?? findNearest(route, routes)
  const hint = near === undefined ? '' : `; did you mean ${JSON.stringify(near)}?`
  const expected = 'a method in capitals and a path, such as "GET /invoices"'
  throw new UsageError(`--route is ${JSON.stringify(route)}; expected ${expected}${hint}`)
}

/** Invalid rules have exit code 2, because 1 means that the certificate is not allowed. @throws UsageError */
export function explainSet (
  set: RulesOfFile, { groups, groupsPath }: RulesFile, peer: PeerIdentity | undefined, question: {
    readonly authorities: readonly RuleAuthority[] | undefined
    readonly file: string
  }
): Outcome {
  const { rules, path } = set
  const list: unknown[] = Array.isArray(rules) ? rules : [rules]
  const word = WORDS.find((one) => list.includes(one))
  if (word !== undefined && !Object.hasOwn(Object(groups), word)) {
    if (list.length === 1) return { set, isAllowed: peer !== undefined, word, explanation: undefined }
    const found = `found "${word}" among other rules`
    throw new UsageError(`--rules ${question.file}: ${path}: ${found}; expected only '${word}'`)
  }
  try {
    const { authorities } = question
    const explanation = explain(rules, peer, { groups, groupsPath, path, authorities })
    return { set, isAllowed: explanation.verdict.allowed, word: undefined, explanation }
  } catch (error) {
    throw new UsageError(`--rules ${question.file}: ${(error as Error).message}`)
  }
}
