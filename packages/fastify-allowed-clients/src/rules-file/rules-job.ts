import { createHash } from 'node:crypto'
import { readRuleAuthorities } from '@peerkit/credentials/internal'
import type { RuleAuthorityData } from '@peerkit/credentials/internal'
import type { RuleAuthority } from '@peerkit/rules'
import { compareRuleSets } from '@peerkit/rules/internal'
import type { RuleSetsComparison } from '@peerkit/rules/internal'
import { packFile } from './packed-file.ts'
import type { PackedFile } from './packed-file.ts'
import { parseRulesFile, readRulesBytes } from './read-rules-file.ts'
import type { ReadSettings } from './read-rules-file.ts'

/** What has to be known to read a rules file. Plain data, such that a worker can be given it. */
export interface RulesJob {
  readonly file: string
  /** The rules in force; undefined if there are none. */
  readonly inForce: PackedFile | undefined
  /** The authorities that rules are checked against; undefined if they are unknown. */
  readonly authorities: readonly RuleAuthorityData[] | undefined
  /** The names of the groups in code. */
  readonly codeGroups: readonly string[]
  /** Whether the default rules are in code. */
  readonly hasDefaultRules: boolean
  /** For warnings, in milliseconds since the epoch. */
  readonly now: number
}

/** Rules that were read, or undefined if the file holds what is in force. */
export type RulesAnswer = {
  readonly file: PackedFile
  /** What differs from the rules in force; undefined if there are none. */
  readonly comparison: RuleSetsComparison | undefined
} | undefined

/** The same on a thread that has the authorities themselves. */
export type LocalRulesJob = Omit<RulesJob, 'authorities'> & {
  readonly authorities: readonly RuleAuthority[] | undefined
}

/**
 * Does a job in a worker.
 *
 * @throws RulesFileInvalidError
 */
export async function doRulesJob ({ authorities, ...job }: RulesJob): Promise<RulesAnswer> {
  return await readRules({ ...job, authorities: authorities && readRuleAuthorities(authorities) })
}

/**
 * Reads a rules file, on any thread.
 *
 * @throws RulesFileInvalidError; the reason of the signal
 */
export async function readRules (job: LocalRulesJob, settings: ReadSettings = {}): Promise<RulesAnswer> {
  const { file, inForce, codeGroups, hasDefaultRules, authorities, now } = job
  const bytes = await readRulesBytes(file, settings)
  const hash = createHash('sha256').update(bytes).digest('base64')
  if (hash === inForce?.hash) return undefined
  const packed = packFile(parseRulesFile(file, bytes), hash, { codeGroups, hasDefaultRules, authorities, now })
  return { file: packed, comparison: inForce && compareRuleSets(inForce.packed, packed.packed) }
}
