import type { WarningKind } from './warnings.ts'

/**
 * What is wrong with a rule.
 *
 * - `invalid`: it is refused when rules are compiled.
 * - `contradictory`: it is refused, because it can match nobody.
 * - `unreachable`: it names a group that an entry before it contains already.
 * - `shadowed`: every peer that it matches is matched by a rule before it.
 * - `over_broad`: it allows everyone but some, or covers a very large range of names.
 * - `several_authorities`: peers of several authorities can match it. Only with the option `authorities`.
 * - `awaited`: peers match it only after an authority is added that vouches for it. Only with the option `authorities`.
 * - `never_matched`: peers of some authority never pass its `not`.
 * - `evadable`: the holder of a certificate can evade its `not`.
 * - `literal`: a value looks like a pattern and is none.
 * - `ended`, `ends_soon`: its time is over, or soon will be.
 * - `unused_group`: no rules name the group.
 */
export type LintKind =
  | WarningKind | 'invalid' | 'contradictory' | 'unreachable' | 'shadowed' | 'ends_soon' | 'unused_group'

/** One thing that is wrong. */
export interface LintFinding {
  readonly kind: LintKind
  /** Where: `groups.billing[0]`, `routes["GET /x"][1].dns`. */
  readonly path: string
  readonly message: string
}
