import { extname } from 'node:path'
import type { PeerIdentity } from '@peerkit/identity'
import { findNearest } from '@peerkit/identity/internal'
import { RuleInvalidError, compileRules, explain } from '@peerkit/rules'
import type { Explanation, RuleAuthority, Verdict } from '@peerkit/rules'
import { parseDocument } from 'yaml'
import { UsageError } from '../command.ts'
import { readBytes } from '../files/read-bytes.ts'
import type { RequestValues } from './request-values.ts'

/** The rules of a file, before they are checked. */
export interface RulesFile {
  readonly groups: any
  /** The key of the groups, for messages. */
  readonly groupsPath: 'groups' | 'clients'
  /** The sets of rules, in the order of the file. */
  readonly sets: readonly RulesOfFile[]
}

/** One set of rules. */
export interface RulesOfFile {
  /** Where it is in the file: `rules`, `defaultRules` or `routes["GET /x"]`. */
  readonly path: string
  /** The route, as in the file: `GET /x`. Undefined for rules that belong to no route. */
  readonly route: string | undefined
  readonly rules: any
}

/** As in the rules file of fastify-allowed-clients. */
const MAX_OCTETS = 16 << 20
const EXPECTED = 'YAML or JSON: an array of rules, { groups?, defaultRules?, routes? } or { rules, groups? }'
const PLAIN_KEYS = ['rules', 'groups', 'clients']
const FILE_KEYS = ['groups', 'defaultRules', 'routes']

/**
 * Reads a rules file, as the option `file` of fastify-allowed-clients does: JSON if its name ends in `.json`, otherwise
 * YAML 1.2, of which JSON is a part.
 *
 * @throws UsageError
 */
export async function readRulesFile (file: string): Promise<RulesFile> {
  const where = `--rules ${file}`
  const bytes = await readBytes(file, '--rules ', EXPECTED, MAX_OCTETS)
  const value = parseYaml(bytes, file, where, EXPECTED)
  if (Array.isArray(value)) {
    return { groups: {}, groupsPath: 'groups', sets: [{ path: 'rules', route: undefined, rules: value }] }
  }
  if (!isObject(value)) {
    throw new UsageError(`${where}: found ${value === null ? 'nothing' : typeof value}; expected ${EXPECTED}`)
  }
  return Object.hasOwn(value, 'rules') ? readPlain(value, where) : readRoutes(value, where)
}

/** `{ rules, groups? }`. The groups may have their earlier name, clients. */
function readPlain (value: Record<string, unknown>, where: string): RulesFile {
  checkKeys(value, PLAIN_KEYS, where)
  if (value['groups'] !== undefined && value['clients'] !== undefined) {
    throw new UsageError(`${where}: found groups and clients; expected one of them`)
  }
  const groupsPath = value['clients'] === undefined ? 'groups' : 'clients'
  return {
    groups: value[groupsPath] ?? {}, groupsPath, sets: [{ path: 'rules', route: undefined, rules: value['rules'] }]
  }
}

function readRoutes (value: Record<string, unknown>, where: string): RulesFile {
  checkKeys(value, FILE_KEYS, where)
  const { groups = {}, defaultRules, routes = {} } = value
  if (!isObject(groups)) throw new UsageError(`${where}: groups is not an object; expected groups by name`)
  if (!isObject(routes)) throw new UsageError(`${where}: routes is not an object; expected rules by "METHOD /pattern"`)
  const sets = Object
    .entries(routes)
    .map(([route, rules]) => ({ path: `routes[${JSON.stringify(route)}]`, route, rules }))
  const last = defaultRules === undefined ? [] : [{ path: 'defaultRules', route: undefined, rules: defaultRules }]
  if (sets.length + last.length === 0) throw new UsageError(`${where}: found no rules; expected ${EXPECTED}`)
  return { groups, groupsPath: 'groups', sets: [...sets, ...last] }
}

function checkKeys (value: Record<string, unknown>, known: readonly string[], where: string): void {
  // Editors find the JSON Schema by the key $schema.
  const unknown = Object.keys(value).find((key) => key !== '$schema' && !known.includes(key))
  if (unknown === undefined) return
  throw new UsageError(`${where}: unknown key ${JSON.stringify(unknown)}; expected one of ${known.join(', ')}`)
}

/**
 * Parses YAML 1.2, or JSON if the name of the file ends in `.json`.
 *
 * @param where the option and the file, for messages
 * @throws UsageError
 */
export function parseYaml (bytes: Uint8Array, file: string, where: string, expected: string): unknown {
  return parse(decode(bytes, where, expected), extname(file).toLowerCase() === '.json', where, expected)
}

function decode (bytes: Uint8Array, where: string, expected: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new UsageError(`${where}: found text that is not UTF-8; expected ${expected}`)
  }
}

function parse (text: string, isJson: boolean, where: string, expected: string): unknown {
  // Warnings (an unknown tag, say) mean that the value may not be what the author meant. Both formats refuse duplicate
  // keys, which JSON.parse would accept.
  const document = parseDocument(text, { version: '1.2', schema: 'core', strict: true, uniqueKeys: true })
  const [problem] = [...document.errors, ...document.warnings]
  try {
    const json = isJson ? JSON.parse(text) : undefined
    if (problem !== undefined) throw problem
    // Aliases of aliases grow exponentially ("billion laughs" attack).
    return json ?? document.toJS({ maxAliasCount: 100 })
  } catch (error) {
    const [message = ''] = (error as Error).message.split('\n')
    throw new UsageError(`${where}: ${message.replace(/:$/, '')}; expected ${expected}`)
  }
}

function isObject (value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** What one set of rules answers. */
export interface Outcome {
  readonly set: RulesOfFile
  readonly isAllowed: boolean
  /** `public` or `authenticated`, if the set is this word instead of rules. */
  readonly word: string | undefined
  /** Undefined for a word. */
  readonly explanation: Explanation | undefined
  /** The groups of the code that would decide, if it is not known whether the peer is in them. */
  readonly undecidedGroups: readonly string[]
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
 * Chooses the rules of a route as fastify-allowed-clients does: its own, or those of a route with several methods, for
 * HEAD those of GET, else the default. All sets without a route.
 *
 * @throws UsageError
 */
export function chooseSets ({ sets }: RulesFile, route: string | undefined, file: string): ChosenSets {
  if (route === undefined) return { sets, note: undefined }
  const routes = sets.flatMap((set) => set.route ?? [])
  const keys = [route, ...(route.startsWith('HEAD ') ? [route.replace('HEAD', 'GET')] : [])]
  const own = keys.map((key) => findRoute(sets, key)).find((set) => set !== undefined)
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

/** The set of a route itself, or of a route with several methods (`GET,POST /x`) of which it has one. */
function findRoute (sets: readonly RulesOfFile[], key: string): RulesOfFile | undefined {
  const [method = '', pattern = ''] = key.split(/ (.*)/)
  return sets.find(({ route }) => route === key) ?? sets.find(({ route = '' }) => {
    const [methods = '', other] = route.split(/ (.*)/)
    return other === pattern && methods.split(',').includes(method)
  })
}

/** A route that is none would get the default rules, and their answer. @throws UsageError */
function checkRoute (route: string, routes: readonly string[]): void {
  if (ROUTE.test(route)) return
  const near = routes.find((one) => one.endsWith(` ${route}`)) ?? findNearest(route, routes)
  const hint = near === undefined ? '' : `; did you mean ${JSON.stringify(near)}?`
  const expected = 'a method in capitals and a path, such as "GET /invoices"'
  throw new UsageError(`--route is ${JSON.stringify(route)}; expected ${expected}${hint}`)
}

/** What a set of rules is asked. */
export interface RulesQuestion {
  /** The authorities that rules may name; undefined for any. */
  readonly authorities: readonly RuleAuthority[] | undefined
  /** The rules file, for messages. */
  readonly file: string
  /** The values of the request; undefined if there is none. */
  readonly request?: RequestValues | undefined
  /** The time, in milliseconds since the epoch; undefined for now. */
  readonly at?: number | undefined
  /** Whether no peer means a client without a certificate, and not one that was refused. */
  readonly mayBeAnonymous?: boolean
  /** The groups that the code defines, and whether the peer is in them; undefined if that is not known. */
  readonly codeGroups?: ReadonlyMap<string, boolean | undefined>
}

/** Invalid rules have exit code 2, because 1 means that the certificate is not allowed. @throws UsageError */
export function explainSet (
  set: RulesOfFile, rulesFile: RulesFile, peer: PeerIdentity | undefined, question: RulesQuestion
): Outcome {
  const { rules, path } = set
  const { file, authorities, request, at, mayBeAnonymous = false, codeGroups = new Map() } = question
  const word = wordOf(set, rulesFile.groups, file)
  if (word !== undefined) {
    const isAllowed = peer !== undefined || (mayBeAnonymous && word === 'public')
    return { set, isAllowed, word, explanation: undefined, undecidedGroups: [] }
  }
  const undecidedGroups: string[] = []
  const groups = addCodeGroups(rulesFile, codeGroups, file, undecidedGroups)
  const options = {
    groups,
    groupsPath: rulesFile.groupsPath,
    path,
    authorities,
    requestValue: (values: RequestValues, source: keyof RequestValues, name: string) => {
      return Object.hasOwn(values[source], name) ? values[source][name] as readonly string[] : []
    },
    ...(at !== undefined && { now: () => at })
  }
  return blameRules(file, () => {
    const explanation = explain(rules, peer, { ...options, request })
    // The explanation calls no functions.
    const { allowed: isAllowed } = explanation.verdict.allowed || explanation.predicates === 0
      ? explanation.verdict
      : compileRules(rules, options).authorize(peer, request as RequestValues) as Verdict
    return { set, isAllowed, word: undefined, explanation, undecidedGroups: isAllowed ? [] : undecidedGroups }
  })
}

/** Reports a mistake in rules as one of the file. @throws UsageError */
function blameRules<Result> (file: string, run: () => Result): Result {
  try {
    return run()
  } catch (error) {
    const isUnknown = error instanceof RuleInvalidError && error.reason === 'unknown_group'
    const hint = isUnknown ? `. ${CODE_GROUPS_HINT}` : ''
    throw new UsageError(`--rules ${file}: ${(error as Error).message}${hint}`)
  }
}

/** What to do about a group that the file does not define. */
const CODE_GROUPS_HINT =
  'If the app defines it in code, name it with --code-group, or in codeGroups of the tests'

/** The groups of the file and those of the code. The latter note those of which nothing is known. */
function addCodeGroups (
  { groups, groupsPath }: RulesFile, codeGroups: ReadonlyMap<string, boolean | undefined>, file: string,
  asked: string[]
): object {
  const twice = [...codeGroups.keys()].find((name) => Object.hasOwn(Object(groups), name))
  if (twice !== undefined) {
    const found = `--rules ${file}: found ${groupsPath}.${twice}, which is also named as a group of the code`
    throw new UsageError(`${found}; expected it in one place`)
  }
  const entries = [...codeGroups].map(([name, isMember]) => [name, () => {
    if (isMember === undefined) asked.push(name)
    return isMember === true
  }])
  return entries.length === 0 ? groups : { ...groups, ...Object.fromEntries(entries) as object }
}

/** `public` or `authenticated`, if a set is this word instead of rules. @throws UsageError for one among rules */
export function wordOf ({ rules, path }: RulesOfFile, groups: unknown, file: string): string | undefined {
  const list: unknown[] = Array.isArray(rules) ? rules : [rules]
  const word = WORDS.find((one) => list.includes(one))
  if (word === undefined || Object.hasOwn(Object(groups), word)) return undefined
  if (list.length === 1) return word
  throw new UsageError(`--rules ${file}: ${path}: found "${word}" among other rules; expected only '${word}'`)
}
