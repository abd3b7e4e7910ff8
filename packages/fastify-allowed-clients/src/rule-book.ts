import { compileGroups, compileRules } from '@peerkit/rules'
import type { Authorizer, CompiledGroups, Groups, RuleSet } from '@peerkit/rules'
import type { AllowedClients } from './allowed-clients.ts'
import { RuledAudience, everyAuthenticated } from './audience.ts'
import type { Audience } from './audience.ts'
import { MTLS_ERR_ALLOWED_CLIENTS_OPTION } from './errors.ts'
import type { ListAuthorities } from './known-authorities.ts'
import type { Declaration } from './scope.ts'

/** What a rules file says. */
export interface FileRules {
  /** How errors call the file. */
  readonly file: string
  readonly groups: Groups
  readonly defaultRules: AllowedClients | undefined
  /** By method and pattern: `GET /invoices`. */
  readonly routes: ReadonlyMap<string, AllowedClients>
}

const WORDS = ['public', 'authenticated'] as const

export const NO_FILE: FileRules = { file: '', groups: {}, defaultRules: undefined, routes: new Map() }

/** What a book has of its app. */
export interface BookContext {
  /** Asked whenever something is compiled. */
  readonly authorities: ListAuthorities
  /** Hears what is allowed but probably not meant. */
  warn (path: string, warning: string): void
}

/** One state of the groups, and all that was compiled with it. A reload makes a new one. */
export class RuleBook {
  readonly file: string
  readonly defaults: Declaration | undefined
  /** Of the file, by method and pattern. */
  readonly routes: ReadonlyMap<string, Declaration>
  readonly #declaredGroups: Groups
  readonly #groups: CompiledGroups
  readonly #audiences = new Map<Declaration, Audience | undefined>()
  readonly #context: BookContext

  /** @throws MTLS_ERR_RULE_INVALID */
  constructor (groups: Groups, defaults: AllowedClients | undefined, file: FileRules, context: BookContext) {
    this.#context = context
    this.file = file.file
    for (const word of WORDS) {
      if (Object.hasOwn(groups, word) || Object.hasOwn(file.groups, word)) throw new MTLS_ERR_ALLOWED_CLIENTS_OPTION(`groups.${word}: "${word}" has a meaning of its own; expected another name`)
    }
    this.#declaredGroups = { ...groups, ...file.groups }
    this.#groups = this.#compileGroups()
    const rules = defaults ?? file.defaultRules
    this.defaults = rules === undefined ? undefined : { path: 'defaultRules', origin: 'defaultRules', value: rules }
    this.routes = new Map([...file.routes].map(([key, value]) => [key, { path: `routes[${JSON.stringify(key)}]`, origin: `file routes[${JSON.stringify(key)}]`, value }]))
    for (const declaration of [this.defaults, ...this.routes.values()]) if (declaration !== undefined) this.audienceOf(declaration)
  }

  /**
   * Compiles what was declared, once.
   *
   * @returns undefined for `public`, which asks nothing
   * @throws MTLS_ERR_RULE_INVALID naming the path of the offending key
   */
  audienceOf (declaration: Declaration): Audience | undefined {
    if (!this.#audiences.has(declaration)) this.#audiences.set(declaration, this.#compile(declaration))
    return this.#audiences.get(declaration)
  }

  /**
   * Compiles everything again, after the authorities changed, for what there is to say about it. The rules in force stay:
   * what they mean does not depend on the authorities.
   *
   * @param tell hears every warning and every error, with the path of the rules
   */
  recheck (tell: (path: string, text: string) => void): void {
    const attempt = <Result>(path: string, compile: () => Result): Result | undefined => {
      try {
        return compile()
      } catch (error) {
        tell(path, (error as Error).message)
        return undefined
      }
    }
    const groups = attempt('groups', () => this.#compileGroups())
    if (groups === undefined) return
    for (const [{ value, path }, audience] of this.#audiences) {
      if (!(audience instanceof RuledAudience)) continue
      for (const warning of attempt(path, () => this.#compileRules(value, path, groups))?.warnings ?? []) tell(path, warning)
    }
  }

  #compile ({ value, path }: Declaration): Audience | undefined {
    const word = findWord(value, path)
    if (word !== undefined) return word === 'public' ? undefined : everyAuthenticated
    const authorizer = this.#compileRules(value, path, this.#groups)
    for (const warning of authorizer.warnings) this.#context.warn(path, warning)
    return new RuledAudience(authorizer)
  }

  #compileRules (value: AllowedClients, path: string, groups: CompiledGroups): Authorizer {
    return compileRules(value as RuleSet, { groups, groupsPath: 'groups', path, authorities: this.#context.authorities() })
  }

  #compileGroups (): CompiledGroups {
    return compileGroups(this.#declaredGroups, { path: 'groups', authorities: this.#context.authorities() })
  }
}

/** A word beside rules is refused: the rules would look as if they counted. */
function findWord (value: AllowedClients, path: string): typeof WORDS[number] | undefined {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value]
  const word = WORDS.find((one) => list.includes(one))
  if (word === undefined || list.length === 1) return word
  throw new MTLS_ERR_ALLOWED_CLIENTS_OPTION(`${path}: found "${word}" beside other rules; expected it alone: '${word}'`)
}
