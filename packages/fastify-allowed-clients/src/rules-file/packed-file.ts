import { RuleInvalidError } from '@peerkit/rules'
import type { RuleAuthority } from '@peerkit/rules'
import { OpenedRuleSets, packRuleSets } from '@peerkit/rules/internal'
import type { PackedRuleSet, PackedRuleSets } from '@peerkit/rules/internal'
import { AllowedClientsOptionError, RulesFileInvalidError } from '../errors.ts'
import { checkWords, findWord } from '../policy/words.ts'
import type { Word } from '../policy/words.ts'
import type { ParsedFile } from './read-rules-file.ts'

/** A rules file that was checked and packed, as data. */
export interface PackedFile {
  readonly file: string
  /** SHA-256 of its bytes, in base64. */
  readonly hash: string
  readonly hasDefaultRules: boolean
  /** The keys of `routes`. */
  readonly routes: readonly string[]
  /** The reserved words that stand in place of rules, by path. */
  readonly words: ReadonlyMap<string, Word>
  readonly packed: PackedRuleSets
}

/** What a file is checked against. */
export interface FileContext {
  /** The names of the groups in code. */
  readonly codeGroups: readonly string[]
  /** Whether there are default rules in code. */
  readonly hasDefaultRules: boolean
  readonly authorities: readonly RuleAuthority[] | undefined
  /** In milliseconds since the epoch. */
  readonly now: number
}

/**
 * Checks and packs the rules of a file.
 *
 * @throws RulesFileInvalidError (`structure`, `rule_invalid`)
 */
export function packFile (parsed: ParsedFile, hash: string, context: FileContext): PackedFile {
  const { file, groups, defaultRules, routes } = parsed
  const own = new Set(context.codeGroups)
  const twice = Object.keys(groups).find((name) => own.has(name))
  if (context.hasDefaultRules && defaultRules !== undefined) {
    throw new RulesFileInvalidError(file, 'structure', 'defaultRules is also in code; expected it in one place')
  }
  if (twice !== undefined) {
    throw new RulesFileInvalidError(file, 'structure', `groups.${twice} is also in code; expected it in one place`)
  }
  return blameFile(file, () => {
    const names = new Set([...own, ...Object.keys(groups)])
    const words = new Map<string, Word>()
    const sets: { readonly path: string, readonly rules: unknown }[] = []
    const declared = defaultRules === undefined ? [] : [{ path: DEFAULT_RULES, rules: defaultRules as unknown }]
    for (const [key, rules] of Object.entries(routes)) declared.push({ path: pathOfRoute(key), rules })
    for (const { path, rules } of declared) {
      const word = findWord(rules, path)
      checkWords(rules, path, names)
      if (word === undefined) sets.push({ path, rules })
      else words.set(path, word)
    }
    const { authorities, now, codeGroups } = context
    const packed = packRuleSets({ groups, groupsPath: 'groups', sets, otherGroups: codeGroups, authorities, now })
    return { file, hash, hasDefaultRules: defaultRules !== undefined, routes: Object.keys(routes), words, packed }
  })
}

const DEFAULT_RULES = 'defaultRules'

function pathOfRoute (key: string): string { return `routes[${JSON.stringify(key)}]` }

/** Reports a mistake in rules as one of the file. */
export function blameFile<T> (file: string, run: () => T): T {
  try {
    return run()
  } catch (error) {
    const isAboutRules = error instanceof RuleInvalidError || error instanceof AllowedClientsOptionError
    throw isAboutRules ? new RulesFileInvalidError(file, 'rule_invalid', error.message, { cause: error }) : error
  }
}

/** Rules of a file that can be asked. */
export type FileValue = Word | PackedRuleSet

/** A packed rules file, ready to be asked. */
export class OpenedFile {
  readonly data: PackedFile
  readonly ruleSets: OpenedRuleSets
  readonly defaultRules: FileValue | undefined
  /** By method and pattern: `GET /invoices`. */
  readonly routes: ReadonlyMap<string, { readonly path: string, readonly value: FileValue }>

  constructor (data: PackedFile) {
    this.data = data
    this.ruleSets = new OpenedRuleSets(data.packed)
    this.defaultRules = data.hasDefaultRules ? this.#find(DEFAULT_RULES) : undefined
    this.routes = new Map(data.routes.map((key) => {
      const path = pathOfRoute(key)
      return [key, { path, value: this.#find(path) }]
    }))
  }

  get file (): string { return this.data.file }

  #find (path: string): FileValue { return this.data.words.get(path) ?? this.ruleSets.ruleSet(path) as PackedRuleSet }
}
