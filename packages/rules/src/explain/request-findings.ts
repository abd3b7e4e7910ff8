import { clip } from '@peerkit/identity/internal'
import { describeBinding } from '../language/request-value.ts'
import { AnyOfAlternatives } from '../match/alternatives.ts'
import { BoundCondition } from '../match/bound-condition.ts'
import type { Condition, PeerValues } from '../match/condition.ts'
import type { RequestFinding } from '../verdict.ts'

const MAX_FINDINGS = 5
const MAX_VALUES = 5
const MAX_LENGTH = 256

/** What the request has for each of its values that a key names. */
export function listRequestFindings (
  conditions: readonly Condition[], { circumstances }: PeerValues
): readonly RequestFinding[] {
  return listBound(conditions).slice(0, MAX_FINDINGS).map(({ binding: { source, name } }) => {
    const values = circumstances.ask({ source, name }).slice(0, MAX_VALUES).map((text) => clip(text, MAX_LENGTH))
    return { source, name, values }
  })
}

/**
 * Why it is unknown whether a value of the request is that of the certificate; `undefined` if the request is not why.
 */
export function noteRequest (
  conditions: readonly Condition[], { circumstances, peer }: PeerValues
): string | undefined {
  for (const { binding, literal } of listBound(conditions)) {
    if (!circumstances.hasRequest) return 'there is no request to compare with'
    const [text, ...others] = circumstances.ask(binding)
    const what = describeBinding(binding)
    if (text === undefined) return `${what} is missing`
    if (others.length > 0) return `${what} occurs ${others.length + 1} times; it must occur once`
    if (literal.read(text) === undefined) return `${what} is not one value of this key`
    const count = literal.count(peer) ?? 0
    if (count > 1) return `the certificate has ${count} values; one to compare with the request must be the only one`
  }
  return undefined
}

/** The conditions on values of the request, also those that are one of several. */
function listBound (conditions: readonly Condition[]): readonly BoundCondition[] {
  return conditions.flatMap((condition) => {
    if (condition instanceof BoundCondition) return [condition]
    return condition instanceof AnyOfAlternatives ? listBound(condition.alternatives.flat()) : []
  })
}
