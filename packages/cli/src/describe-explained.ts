import type { FailedKey, RuleExplanation } from '@peerkit/rules'
import { describeEachAsData, describeNotBelieved } from './authorities/describe-answer.ts'
import { describeDecisionAsData } from './chain-decision.ts'
import { describeRefusal, describeRemedy } from './describe-refusal.ts'
import type { Outcome } from './rules-file/explain-sets.ts'
import { shown } from './shown.ts'
import type { Voucher } from './voucher.ts'

const HINT = 'the authority is not known: give it with --authority NAME, or give the authorities ' +
  '(--authorities authorities.json) and the whole chain'

/** The decision of the rules about a certificate, and its authority. */
export function describeExplained (outcomes: readonly Outcome[], voucher: Voucher, note: string | undefined): string {
  const { peer, basis, asked } = voucher
  if (asked !== undefined && !asked.answer.decision.accepted) {
    const { question, answer, answer: { decision } } = asked
    const title = `not allowed: the certificate is refused (${decision.reason}) before any rule is checked`
    return `${title}\n${describeRefusal(question, answer, decision)}`
  }
  const by = basis === 'chain' ? 'by its chain' : 'by --authority; the chain was not checked'
  const rows = [
    ['authority', peer?.authority === undefined ? undefined : `${peer.authority} (${by})`],
    ['not believed', peer === undefined ? undefined : describeNotBelieved(peer)],
    ['note', hintOf(outcomes, voucher)]
  ].filter(([, value]) => value !== undefined)
  // What was asked is said before the answer, so that nobody takes it for an answer about the route.
  const before = note === undefined ? [] : [`${note}:`]
  const lines = [...before, ...describeOutcomes(outcomes), ...rows.map(([label, value]) => `${label}: ${value}`)]
  return `${lines.join('\n')}\n`
}

/** Each set of rules below the route that it is for, if there is more than one. */
function describeOutcomes (outcomes: readonly Outcome[]): string[] {
  const texts = outcomes.map(({ word, explanation }) => {
    return explanation === undefined ? `allowed by "${word}"` : String(explanation)
  })
  if (texts.length === 1) return texts
  return outcomes.map(({ set: { route, path } }, index) => {
    return `${shown(route ?? path)}\n${(texts[index] ?? '').replaceAll(/^/gm, '  ')}`
  })
}

/** The same as data. Of one set of rules, its explanation; of several, a list of them. */
export function describeExplainedAsData (
  outcomes: readonly Outcome[], voucher: Voucher, note: string | undefined
): object {
  const { peer, basis, asked } = voucher
  const { authority: name, notBelieved } = peer ?? {}
  const sets = outcomes.map(({ set: { path, route }, word, isAllowed, explanation }) => ({
    path, route, word, ...(explanation ?? { verdict: { allowed: isAllowed } })
  }))
  return {
    note,
    ...(sets.length === 1 ? sets[0] : { allowed: outcomes.every(({ isAllowed }) => isAllowed), sets }),
    ...(name !== undefined && { authority: { name, basis, notBelieved } }),
    ...(asked !== undefined && !asked.answer.decision.accepted && {
      chain: {
        ...describeDecisionAsData(asked.answer.decision),
        remedy: describeRemedy(asked.question, asked.answer.decision),
        authorities: describeEachAsData(asked.answer.each)
      }
    }),
    hint: hintOf(outcomes, voucher)
  }
}

/** How to give the authority, if a rule needs it and it is not known. */
function hintOf (outcomes: readonly Outcome[], { basis }: Voucher): string | undefined {
  const needsAuthority = outcomes.some(({ isAllowed, explanation }) => {
    return !isAllowed && explanation?.rules.some(isUnsaid) === true
  })
  return basis === undefined && needsAuthority ? HINT : undefined
}

/**
 * Whether a rule needs the authority of the peer and it is not known. The authority of a gateway cannot be given here.
 */
function isUnsaid ({ failed }: RuleExplanation): boolean {
  return failed.some(({ key, result, within }: FailedKey) => {
    if (key === 'authority') return result === 'unknown'
    return key === 'not' && within !== undefined && isUnsaid(within)
  })
}
