import type { PeerIdentity } from '@peerkit/identity'
import { anything, defineOptions, text } from '@peerkit/identity/internal'
import type { OptionProblem, OptionSet } from '@peerkit/identity/internal'
import { RuleInvalidError } from './errors.ts'
import type { Groups, RuleSet } from './allow-rule.ts'
import { askPredicates } from './ask-predicates.ts'
import type { Asked } from './ask-predicates.ts'
import type { Authorizer } from './authorizer.ts'
import { CompiledGroups, readGroups } from './compile-groups.ts'
import { describeRules } from './describe-rules.ts'
import { explainRules } from './explain-rules.ts'
import type { Explanation } from './explanation.ts'
import { flattenEntries } from './flatten-entries.ts'
import type { FlatRules, Origin } from './flatten-entries.ts'
import { listClauses } from './list-clauses.ts'
import { listWarnings } from './list-warnings.ts'
import { Matcher, UNDECIDED } from './matcher.ts'
import { PeerValues } from './peer-values.ts'
import { readRuleSet } from './read-rule-set.ts'
import { readAuthorities } from './rule-authority.ts'
import type { RuleAuthority } from './rule-authority.ts'
import { RulePath } from './rule-path.ts'
import { AuthorityCheck } from './authority-check.ts'
import { INCOMPLETE_IDENTITY, NO_IDENTITY, NO_MATCH, PREDICATE_REFUSED } from './verdict.ts'
import type { Allowed, Verdict } from './verdict.ts'

/** Options of `compileRules`. */
export interface CompileRulesOptions<Group extends string = string> {
  /** The groups that strings in the rules name. If many rule sets share them, compile them with `compileGroups`. */
  readonly groups?: Groups<Group, any> | CompiledGroups<Group> | undefined
  /** The name of the rule set in errors, for example `config.allowedClients`. Default `rules`. */
  readonly path?: string | undefined
  /** The name of the groups in errors, for example `clients`. Default `groups`. */
  readonly groupsPath?: string | undefined
  /**
   * The trusted authorities. With them, a rule that peers of none of them can satisfy is refused, and `warnings` lists
   * the rules that peers of several can satisfy. Pass the same authorities to `compileGroups`.
   */
  readonly authorities?: readonly RuleAuthority[] | undefined
}

/** An index of rules, and the verdict of each by its ordinal. */
interface Part {
  readonly matcher: Matcher
  verdict (ordinal: number): Allowed
}

/**
 * Checks a rule set and compiles it to an authorizer. The given objects are copied, not kept or changed.
 *
 * @param rules a rule, a group's name, a predicate, or an array of them
 * @param options see {@link CompileRulesOptions}
 * @returns the authorizer
 * @throws RuleInvalidError with `reason`, `path`, `found` and `expected`
 * @example
 * ```ts
 * const authorizer = compileRules(['billing', { spiffe: 'spiffe://prod.example/ns/ops/sa/*' }], {
 *   groups: { billing: { ou: 'billing' } }
 * })
 * console.log(authorizer.authorize(peer)) // { allowed: true, rule: 0, group: 'billing' }
 * console.log(authorizer.authorize(null)) // { allowed: false, reason: 'no_identity' }
 * ```
 */
export function compileRules<const Group extends string = string> (
  rules: RuleSet<NoInfer<Group>, any>, options: CompileRulesOptions<Group> = {}
): Authorizer {
  const { groups = {}, path = 'rules', groupsPath = 'groups', authorities: given } = checkOptions(options)
  const authorities = readAuthorities(given, new RulePath('options').at('authorities'))
  const authorityCheck = authorities && new AuthorityCheck(authorities)
  const compiled = readGroups(groups as Groups | CompiledGroups, groupsPath, authorityCheck)
  const entries = readRuleSet(rules, new RulePath(path), compiled.names, authorityCheck)
  return new RuleAuthorizer(flattenEntries(entries, compiled))
}

class RuleAuthorizer implements Authorizer {
  readonly isAsync: boolean
  readonly size: number
  readonly warnings: readonly string[]
  readonly #flat: FlatRules
  readonly #parts: readonly Part[]
  readonly #asked: readonly Asked[]

  constructor (flat: FlatRules) {
    this.#flat = flat
    this.#parts = listParts(flat)
    this.#asked = flat.predicates.map(({ predicate, path, origin }) => {
      return { predicate, path: path.toString(), verdict: allow(origin) }
    })
    this.isAsync = flat.predicates.length > 0
    const shared = flat.shared.reduce((sum, { definition }) => sum + definition.rules.length, 0)
    this.size = flat.rules.length + flat.predicates.length + shared
    this.warnings = Object.freeze(listWarnings(flat))
    Object.freeze(this)
  }

  authorize (peer: PeerIdentity | undefined | null, request?: unknown): Verdict | Promise<Verdict> {
    const verdict = this.#matchRules(peer)
    if (this.#asked.length === 0 || verdict.allowed || verdict === NO_IDENTITY) return verdict
    const refused = verdict === INCOMPLETE_IDENTITY ? INCOMPLETE_IDENTITY : PREDICATE_REFUSED
    return askPredicates(this.#asked, peer as PeerIdentity, request, refused)
  }

  /** The verdict of the rules, without the predicates. */
  #matchRules (peer: PeerIdentity | undefined | null): Verdict {
    if (typeof peer !== 'object' || peer === null) return NO_IDENTITY
    const peerValues = new PeerValues(peer)
    let allowed: Allowed | undefined
    let undecided = false
    for (const part of this.#parts) {
      const found = part.matcher.find(peerValues)
      if (found >= 0) {
        const verdict = part.verdict(found)
        if (allowed === undefined || verdict.rule < allowed.rule) allowed = verdict
      } else if (found === UNDECIDED) undecided = true
    }
    return allowed ?? (undecided ? INCOMPLETE_IDENTITY : NO_MATCH)
  }

  explain (peer: PeerIdentity | undefined | null): Explanation {
    return explainRules(this.#flat, peer, this.#matchRules(peer))
  }

  describe (): string {
    return describeRules(this.#flat)
  }
}

function listParts ({ rules, shared }: FlatRules): readonly Part[] {
  const parts: Part[] = shared.map(({ definition, origin }) => {
    const verdict = allow(origin)
    return { matcher: definition.matcher, verdict: () => verdict }
  })
  if (rules.length === 0) return parts
  const verdicts = rules.map(({ origin }) => allow(origin))
  const matcher = new Matcher(rules.flatMap(({ rule }, ordinal) => listClauses(rule, ordinal)))
  return [{ matcher, verdict: (ordinal) => verdicts[ordinal] as Allowed }, ...parts]
}

function allow ({ index, group }: Origin): Allowed {
  return Object.freeze({ allowed: true, rule: index, group })
}

const OPTIONS: OptionSet = defineOptions<CompileRulesOptions<string>>('compileRules', refuseOption, {
  groups: anything, path: text('a string', true), groupsPath: text('a string', true), authorities: anything
})

function refuseOption ({ kind, path, found, expected, message }: OptionProblem): Error {
  const reason = kind === 'unknown' ? 'unknown_key' : 'wrong_type'
  return new RuleInvalidError(message, { reason, path, found, expected })
}

function checkOptions<Group extends string> (options: CompileRulesOptions<Group>): CompileRulesOptions<Group> {
  OPTIONS.check(options, 'options')
  // Own properties only, so that a polluted Object.prototype cannot declare groups.
  return Object.assign(Object.create(null), options)
}
