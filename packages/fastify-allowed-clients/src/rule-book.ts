import { compileGroups, compileRules } from '@peerkit/rules'
import type { CompiledGroups, Groups, RuleSet } from '@peerkit/rules'
import type { AllowedClients } from './allowed-clients.ts'
import { RuledAudience, everyIdentified } from './audience.ts'
import type { Audience } from './audience.ts'
import { MTLS_ERR_ALLOWED_CLIENTS_OPTION } from './errors.ts'
import type { ListAuthorities } from './known-authorities.ts'
import type { Declaration } from './scope.ts'

/** What a rules file says. */
export interface FileRules {
  /** How errors call the file. */
  readonly file: string
  readonly clients: Groups
  readonly rules: AllowedClients | undefined
  /** By method and pattern: `GET /invoices`. */
  readonly routes: ReadonlyMap<string, AllowedClients>
}

const WORDS = ['anyone', 'identified'] as const

export const NO_FILE: FileRules = { file: '', clients: {}, rules: undefined, routes: new Map() }

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
  readonly #groups: CompiledGroups
  readonly #audiences = new Map<Declaration, Audience | undefined>()
  readonly #context: BookContext

  /** @throws MTLS_ERR_RULE_INVALID */
  constructor (clients: Groups, defaults: AllowedClients | undefined, file: FileRules, context: BookContext) {
    this.#context = context
    this.file = file.file
    for (const word of WORDS) {
      if (Object.hasOwn(clients, word) || Object.hasOwn(file.clients, word)) throw new MTLS_ERR_ALLOWED_CLIENTS_OPTION(`clients.${word}: "${word}" has a meaning of its own; expected another name`)
    }
    const groups = { ...clients, ...file.clients }
    this.#groups = compileGroups(groups, { path: 'clients', authorities: context.authorities() })
    const rules = defaults ?? file.rules
    this.defaults = rules === undefined ? undefined : { path: 'rules', origin: 'rules', value: rules }
    this.routes = new Map([...file.routes].map(([key, value]) => [key, { path: `routes[${JSON.stringify(key)}]`, origin: `file routes[${JSON.stringify(key)}]`, value }]))
    for (const declaration of [this.defaults, ...this.routes.values()]) if (declaration !== undefined) this.audienceOf(declaration)
  }

  /**
   * Compiles what was declared, once.
   *
   * @returns undefined for `anyone`, which asks nothing
   * @throws MTLS_ERR_RULE_INVALID naming the path of the offending key
   */
  audienceOf (declaration: Declaration): Audience | undefined {
    if (!this.#audiences.has(declaration)) this.#audiences.set(declaration, this.#compile(declaration))
    return this.#audiences.get(declaration)
  }

  #compile ({ value, path }: Declaration): Audience | undefined {
    const word = findWord(value, path)
    if (word !== undefined) return word === 'anyone' ? undefined : everyIdentified
    const authorities = this.#context.authorities()
    const options = { groups: this.#groups, groupsPath: 'clients', path, authorities }
    const authorizer = compileRules(value as RuleSet, options)
    for (const warning of authorizer.warnings) this.#context.warn(path, warning)
    return new RuledAudience(authorizer)
  }
}

/** Rules beside one of these words would look as if they counted. */
function findWord (value: AllowedClients, path: string): typeof WORDS[number] | undefined {
  const word = Array.isArray(value) ? WORDS.find((one) => value.includes(one)) : undefined
  if (word === undefined || value.length === 1) return word
  throw new MTLS_ERR_ALLOWED_CLIENTS_OPTION(`${path}: found "${word}" beside other rules; expected it alone`)
}
