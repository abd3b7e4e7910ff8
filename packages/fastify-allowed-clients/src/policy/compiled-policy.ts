import type { TrustSource } from '@peerkit/credentials'
import type { PeerIdentity } from '@peerkit/identity'
import { AUTHORITIES, CLOCK, describeValue, findNearest } from '@peerkit/identity/internal'
import { compileGroups, compileRules, createGroupMatcher } from '@peerkit/rules'
import type { Authorizer, CompiledGroups, GroupMatcher, Groups, RuleAuthority, RuleSet } from '@peerkit/rules'
import type { FastifyInstance } from 'fastify'
import { AllowedClientsOptionError } from '../errors.ts'
import type { AllowedClients } from '../plugin-options.ts'
import { RulesAccessPolicy, authenticatedOnly } from './access-policy.ts'
import type { AccessPolicy } from './access-policy.ts'
import type { Declaration } from './declarations.ts'
import { readRequestValues } from './request-values.ts'
import { VerdictMemory } from './verdict-memory.ts'

/** The contents of a rules file. */
export interface FileRules {
  /** The name of the file in errors. */
  readonly file: string
  readonly groups: Groups
  readonly defaultRules: AllowedClients | undefined
  /** By method and pattern: `GET /invoices`. */
  readonly routes: ReadonlyMap<string, AllowedClients>
}

const WORDS = ['public', 'authenticated'] as const

export const NO_FILE: FileRules = { file: '', groups: {}, defaultRules: undefined, routes: new Map() }

/** What is needed of the app. */
export interface PolicyContext {
  /** Called whenever something is compiled. */
  readonly authorities: ListAuthorities
  /** Returns the time by which rules decide, in milliseconds since the epoch. */
  readonly now: () => number
  /** Called for rules that are valid but probably not meant. */
  warn (path: string, warning: string): void
}

/** The groups at one time, and everything that was compiled with them. A reload makes a new one. */
export class CompiledPolicy {
  readonly file: string
  readonly defaults: Declaration | undefined
  /** Rules of routes in the file, by method and pattern. */
  readonly routes: ReadonlyMap<string, Declaration>
  readonly #declaredGroups: Groups
  readonly #groups: CompiledGroups
  readonly #matcher: GroupMatcher
  readonly #memberships: VerdictMemory<readonly string[]>
  readonly #policies = new Map<Declaration, AccessPolicy | undefined>()
  readonly #context: PolicyContext

  /** @throws RuleInvalidError */
  constructor (groups: Groups, defaults: AllowedClients | undefined, file: FileRules, context: PolicyContext) {
    this.#context = context
    this.file = file.file
    for (const word of WORDS) {
      if (Object.hasOwn(groups, word) || Object.hasOwn(file.groups, word)) {
        throw new AllowedClientsOptionError(`groups.${word}: "${word}" is a reserved word; expected another name`)
      }
    }
    this.#declaredGroups = { ...groups, ...file.groups }
    this.#groups = this.#compileGroups()
    this.#matcher = createGroupMatcher(this.#groups, { requestValue: readRequestValues, now: context.now })
    this.#memberships = new VerdictMemory(this.#matcher.temporary, context.now)
    const rules = defaults ?? file.defaultRules
    this.defaults = rules === undefined ? undefined : { path: 'defaultRules', origin: 'defaultRules', value: rules }
    this.routes = new Map([...file.routes].map(([key, value]) => [
      key, { path: `routes[${JSON.stringify(key)}]`, origin: `file routes[${JSON.stringify(key)}]`, value }
    ]))
    for (const declaration of [this.defaults, ...this.routes.values()]) {
      if (declaration !== undefined) this.policyOf(declaration)
    }
  }

  /**
   * Compiles declared rules, once.
   *
   * @returns undefined for `public`
   * @throws RuleInvalidError naming the path of the offending key
   */
  policyOf (declaration: Declaration): AccessPolicy | undefined {
    if (!this.#policies.has(declaration)) this.#policies.set(declaration, this.#compile(declaration))
    return this.#policies.get(declaration)
  }

  /** The groups of which a rule matches a peer. Functions are not called. */
  groupsOf (peer: PeerIdentity | null, request: unknown): readonly string[] {
    if (peer === null || this.#matcher.usesRequest) return this.#matcher.match(peer, request)
    let names = this.#memberships.get(peer)
    if (names === undefined) this.#memberships.set(peer, names = this.#matcher.match(peer))
    return names
  }

  /**
   * Compiles everything again after the authorities changed, only for its warnings and errors. The current rules stay:
   * their meaning does not depend on the authorities.
   *
   * @param report called for every warning and error, with the path of the rules
   */
  recheck (report: (path: string, text: string) => void): void {
    const attempt = <Result>(path: string, compile: () => Result): Result | undefined => {
      try {
        return compile()
      } catch (error) {
        report(path, (error as Error).message)
        return undefined
      }
    }
    const groups = attempt('groups', () => this.#compileGroups())
    if (groups === undefined) return
    for (const [{ value, path }, policy] of this.#policies) {
      if (!(policy instanceof RulesAccessPolicy)) continue
      for (const warning of attempt(path, () => this.#compileRules(value, path, groups))?.warnings ?? []) {
        report(path, warning)
      }
    }
  }

  #compile ({ value, path }: Declaration): AccessPolicy | undefined {
    const word = findWord(value, path)
    checkWords(value, path, this.#declaredGroups)
    if (word !== undefined) return word === 'public' ? undefined : authenticatedOnly
    const authorizer = this.#compileRules(value, path, this.#groups)
    for (const warning of authorizer.warnings) this.#context.warn(path, warning)
    return new RulesAccessPolicy(authorizer, this.#context.now)
  }

  #compileRules (value: AllowedClients, path: string, groups: CompiledGroups): Authorizer {
    return compileRules(value as RuleSet, {
      groups,
      groupsPath: 'groups',
      path,
      authorities: this.#context.authorities(),
      requestValue: readRequestValues,
      now: this.#context.now
    })
  }

  #compileGroups (): CompiledGroups {
    return compileGroups(this.#declaredGroups, { path: 'groups', authorities: this.#context.authorities() })
  }
}

/** Refuses a misspelt reserved word. Of groups, only that there is no such group would be said. */
function checkWords (value: AllowedClients, path: string, groups: Groups): void {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value]
  for (const one of list) {
    if (typeof one !== 'string' || Object.hasOwn(groups, one)) continue
    const meant = findNearest(one, [...Object.keys(groups), ...WORDS])
    if (meant === one || !(WORDS as readonly unknown[]).includes(meant)) continue
    throw new AllowedClientsOptionError(
      `${path}: found ${describeValue(one)}, which is no group; did you mean '${meant as string}'?`
    )
  }
}

/** Finds a reserved word. It is refused among other rules, which would have no effect. */
function findWord (value: AllowedClients, path: string): typeof WORDS[number] | undefined {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value]
  const word = WORDS.find((one) => list.includes(one))
  if (word === undefined || list.length === 1) return word
  throw new AllowedClientsOptionError(`${path}: found "${word}" among other rules; expected only '${word}'`)
}

/** Returns the authorities that rules are checked against; undefined if they are unknown. */
export type ListAuthorities = () => readonly RuleAuthority[] | undefined

/**
 * Reads the authorities from the server each time, since they may change while it runs. It uses a symbol, not an
 * import, since this plugin works with any plugin that identifies clients.
 */
export function authoritiesOf ({ server }: Pick<FastifyInstance, 'server'>): ListAuthorities {
  return () => {
    const list = (server as { [AUTHORITIES]?: unknown })[AUTHORITIES]
    if (typeof list !== 'function') return undefined
    const authorities = list.call(server) as readonly RuleAuthority[] | undefined
    // An empty list means that the authorities are unknown, not that no certificate is accepted.
    return authorities?.length === 0 ? undefined : authorities
  }
}

/**
 * Returns the time by which the plugin that verifies certificates decides, so that a test of an app has one clock.
 */
export function clockOf ({ server }: Pick<FastifyInstance, 'server'>): () => number {
  const clock = (server as { [CLOCK]?: unknown })[CLOCK]
  return typeof clock === 'function' ? clock as () => number : Date.now
}

/**
 * Calls back when the authorities of an app change, or the names that they vouch for. A new CRL is not such a change.
 *
 * @returns stops it
 */
export function watchAuthorities (app: object, changed: () => void): () => void {
  const { mtls } = app as {
    readonly mtls?: { readonly trust?: Pick<TrustSource, 'current' | 'subscribe'> | undefined }
  }
  const trust = mtls?.trust
  if (trust === undefined) return () => {}
  const write = (): string => JSON.stringify(
    trust.current.authorities.map(({ name, for: use, names }) => [name, use, names])
  )
  let known = write()
  return trust.subscribe(({ type }) => {
    if (type !== 'rotated') return
    const next = write()
    if (next === known) return
    known = next
    changed()
  })
}
