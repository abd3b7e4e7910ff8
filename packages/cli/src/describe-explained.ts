import type { Explanation, FailedKey, RuleExplanation } from '@peerkit/rules'
import { describeEachAsData, describeNotBelieved } from './authorities/describe-answer.ts'
import { describeDecisionAsData } from './chain-decision.ts'
import { describeRefusal, describeRemedy } from './describe-refusal.ts'
import type { Voucher } from './voucher.ts'

const HINT = 'the authority is not known: give it with --authority NAME, or give the authorities ' +
  '(--authorities authorities.json) and the whole chain'

/** The decision of the rules about a certificate, and its authority. */
export function describeExplained (explanation: Explanation, voucher: Voucher): string {
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
    ['note', hintOf(explanation, voucher)]
  ].filter(([, value]) => value !== undefined)
  return `${[String(explanation), ...rows.map(([label, value]) => `${label}: ${value}`)].join('\n')}\n`
}

/** The same as data. */
export function describeExplainedAsData (explanation: Explanation, voucher: Voucher): object {
  const { peer, basis, asked } = voucher
  const { authority: name, notBelieved } = peer ?? {}
  return {
    ...explanation,
    ...(name !== undefined && { authority: { name, basis, notBelieved } }),
    ...(asked !== undefined && !asked.answer.decision.accepted && {
      chain: {
        ...describeDecisionAsData(asked.answer.decision),
        remedy: describeRemedy(asked.question, asked.answer.decision),
        authorities: describeEachAsData(asked.answer.each)
      }
    }),
    hint: hintOf(explanation, voucher)
  }
}

/** How to give the authority, if a rule needs it and it is not known. */
function hintOf ({ verdict, rules }: Explanation, { basis }: Voucher): string | undefined {
  return basis === undefined && !verdict.allowed && rules.some(isUnsaid) ? HINT : undefined
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
