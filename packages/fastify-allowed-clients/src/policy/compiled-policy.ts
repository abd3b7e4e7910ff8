import type { TrustSource } from '@peerkit/credentials'
import type { PeerIdentity } from '@peerkit/identity'
import { AUTHORITIES, CLOCK } from '@peerkit/identity/internal'
import { createGroupMatcher } from '@peerkit/rules'
import type { Authorizer, CompiledGroups, GroupMatcher, Groups, RuleAuthority, RuleSet } from '@peerkit/rules'
import { PackedRuleSet, compileAny, compileWith, findPosition } from '@peerkit/rules/internal'
import type { ChangedRules, RuleSetsComparison } from '@peerkit/rules/internal'
import type { FastifyInstance } from 'fastify'
import type { AllowedClients } from '../plugin-options.ts'
import { RulesAccessPolicy, authenticatedOnly } from './access-policy.ts'
import type { AccessPolicy } from './access-policy.ts'
import type { Declaration } from './declarations.ts'
import { readRequestValues } from './request-values.ts'
import { VerdictMemory } from './verdict-memory.ts'
import { WORDS, checkWords, findWord, refuseReserved } from './words.ts'
import type { OpenedFile } from '../rules-file/packed-file.ts'

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

  /**
   * @param opened the rules file; undefined if there is none
   * @throws RuleInvalidError
   */
  constructor (
    groups: Groups, defaults: AllowedClients | undefined, opened: OpenedFile | undefined, context: PolicyContext
  ) {
    this.#context = context
    this.file = opened?.file ?? ''
    refuseReserved([...Object.keys(groups), ...WORDS.filter((word) => opened?.ruleSets.has(word))])
    this.#declaredGroups = groups
    this.#groups = this.#compileGroups(opened)
    this.#matcher = createGroupMatcher(this.#groups, { requestValue: readRequestValues, now: context.now })
    this.#memberships = new VerdictMemory(this.#matcher, context.now)
    const rules = defaults ?? opened?.defaultRules
    this.defaults = rules === undefined ? undefined : { path: 'defaultRules', origin: 'defaultRules', value: rules }
    this.routes = new Map([...opened?.routes ?? []].map(([key, { path, value }]) => {
      return [key, { path, origin: `file ${path}`, value }]
    }))
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
   * Takes over what the rules before this change remember of clients that the change does not concern.
   *
   * @param changed the rules that came or went
   * @param moved where the entries of the rule sets of the file are now, by path
   */
  inherit (before: CompiledPolicy, changed: ChangedRules, moved: RuleSetsComparison['moved']): void {
    const known = new Map([...before.#policies].map(([{ path }, policy]) => [path, policy]))
    for (const [declaration, policy] of this.#policies) {
      const { path, value } = declaration
      const former = value instanceof PackedRuleSet ? known.get(path) : before.#policies.get(declaration)
      if (!(policy instanceof RulesAccessPolicy) || !(former instanceof RulesAccessPolicy)) continue
      const entries = value instanceof PackedRuleSet ? moved.get(path) : undefined
      policy.inherit(former, changed, (rule) => entries === undefined ? rule : findPosition(entries, rule))
    }
    if (!this.#matcher.usesRequest && isSameOrder(this.#groups.names, before.#groups.names)) {
      const adopt = (peer: PeerIdentity, names: readonly string[]): readonly string[] | undefined => {
        return changed.concern(peer) ? undefined : names
      }
      this.#memberships.inherit({ memory: before.#memberships, adopt })
    }
  }

  /**
   * Compiles everything again after the authorities changed, only for its warnings and errors. The current rules stay:
   * their meaning does not depend on the authorities.
   *
   * @param report called for every warning and error, with the path of the rules
   * @param opened the rules file, checked against the authorities of now
   */
  recheck (report: (path: string, text: string) => void, opened: OpenedFile | undefined): void {
    const attempt = <Result>(path: string, compile: () => Result): Result | undefined => {
      try {
        return compile()
      } catch (error) {
        report(path, (error as Error).message)
        return undefined
      }
    }
    const groups = attempt('groups', () => this.#compileGroups(opened))
    if (groups === undefined) return
    for (const [{ value, path }, policy] of this.#policies) {
      if (!(policy instanceof RulesAccessPolicy)) continue
      const rules = value instanceof PackedRuleSet ? opened?.ruleSets.ruleSet(path) : value
      if (rules === undefined) continue
      for (const warning of attempt(path, () => this.#compileRules(rules, path, groups))?.warnings ?? []) {
        report(path, warning)
      }
    }
  }

  #compile ({ value, path }: Declaration): AccessPolicy | undefined {
    if (!(value instanceof PackedRuleSet)) {
      const word = findWord(value, path)
      checkWords(value, path, this.#groups.names)
      if (word !== undefined) return word === 'public' ? undefined : authenticatedOnly
    }
    const authorizer = this.#compileRules(value, path, this.#groups)
    for (const warning of authorizer.warnings) this.#context.warn(path, warning)
    return new RulesAccessPolicy(authorizer, this.#context.now)
  }

  #compileRules (value: Declaration['value'], path: string, groups: CompiledGroups): Authorizer {
    return compileAny(value as RuleSet | PackedRuleSet, {
      groups,
      groupsPath: 'groups',
      path,
      authorities: this.#context.authorities(),
      requestValue: readRequestValues,
      now: this.#context.now
    })
  }

  #compileGroups (opened: OpenedFile | undefined): CompiledGroups {
    const { authorities, now } = this.#context
    const options = { path: 'groups', authorities: authorities(), now }
    return compileWith(this.#declaredGroups, options, opened?.ruleSets)
  }
}

function isSameOrder (names: ReadonlySet<string>, others: ReadonlySet<string>): boolean {
  if (names.size !== others.size) return false
  const iterator = others.values()
  for (const name of names) if (iterator.next().value !== name) return false
  return true
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
