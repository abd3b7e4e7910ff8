import { createHash } from 'node:crypto'
import type { RuleAuthorityData } from '@peerkit/credentials/internal'
import { RulesFileInvalidError } from '../errors.ts'
import type { FileRules } from '../policy/compiled-policy.ts'
import { parseRulesFile, readRulesBytes } from './read-rules-file.ts'
import type { ReadSettings } from './read-rules-file.ts'

/** What has to be known to read a rules file. Plain data, such that a worker can be given it. */
export interface RulesJob {
  readonly file: string
  /** The hash of the contents in force; an empty text if there are none. */
  readonly inForce: string
  /** The authorities that rules are checked against; undefined if they are unknown. */
  readonly authorities: readonly RuleAuthorityData[] | undefined
  /** The names of the groups in code. */
  readonly codeGroups: readonly string[]
  /** Whether the default rules are in code. */
  readonly hasDefaultRules: boolean
}

/** Rules that were read, or undefined if the file holds what is in force. */
export type RulesAnswer = { readonly rules: FileRules, readonly hash: string } | undefined

/**
 * Reads a rules file, on any thread.
 *
 * @throws RulesFileInvalidError; the reason of the signal
 */
export async function readRules (job: RulesJob, settings: ReadSettings = {}): Promise<RulesAnswer> {
  const { file } = job
  const bytes = await readRulesBytes(file, settings)
  const hash = createHash('sha256').update(bytes).digest('base64')
  if (hash === job.inForce) return undefined
  const rules = parseRulesFile(file, bytes)
  checkPlaces(job, rules)
  return { rules, hash }
}

/** Refuses what is in code and in the file. @throws RulesFileInvalidError (`structure`) */
function checkPlaces ({ file, codeGroups, hasDefaultRules }: RulesJob, { groups, defaultRules }: FileRules): void {
  if (hasDefaultRules && defaultRules !== undefined) {
    throw new RulesFileInvalidError(file, 'structure', 'defaultRules is also in code; expected it in one place')
  }
  const own = new Set(codeGroups)
  const twice = Object.keys(groups).find((name) => own.has(name))
  if (twice !== undefined) {
    throw new RulesFileInvalidError(file, 'structure', `groups.${twice} is also in code; expected it in one place`)
  }
}
