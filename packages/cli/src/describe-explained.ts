import type { Explanation, FailedKey, RuleExplanation } from '@peerkit/rules'
import { describeEachAsData, describeNotBelieved } from './authorities/describe-answer.ts'
import { describeDecisionAsData } from './chain-decision.ts'
import { describeRefusal, describeRemedy } from './describe-refusal.ts'
import type { Voucher } from './voucher.ts'

const HINT = 'which authority vouches is not known here: say it by --authority NAME, or give the authorities and the ' +
  'whole chain (--authorities authorities.json)'

/** What rules make of a certificate, and who vouches for it. */
export function describeExplained (explanation: Explanation, voucher: Voucher): string {
  const { peer, basis, asked } = voucher
  if (asked !== undefined && !asked.answer.decision.accepted) {
    const { question, answer, answer: { decision } } = asked
    const title = `not allowed: the certificate is refused (${decision.reason}) before any rule is asked`
    return `${title}\n${describeRefusal(question, answer, decision)}`
  }
  const by = basis === 'chain' ? 'its chain leads there' : 'as --authority says; its chain was not checked'
  const rows = [
    ['authority', peer?.authority === undefined ? undefined : `${peer.authority} (${by})`],
    ['not believed', peer === undefined ? undefined : describeNotBelieved(peer)],
    ['note', hintOf(explanation, voucher)]
  ].filter(([, value]) => value !== undefined)
  return `${[String(explanation), ...rows.map(([label, value]) => `${label}: ${value}`)].join('\n')}\n`
}

/** The same as data: an explanation with more. */
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

/** How to say who vouches, where a rule asks and nobody knows. */
function hintOf ({ verdict, rules }: Explanation, { basis }: Voucher): string | undefined {
  return basis === undefined && !verdict.allowed && rules.some(isUnsaid) ? HINT : undefined
}

/** Whether a rule asks for the authority of the peer, which is not known. Of a gateway nobody can say it here. */
function isUnsaid ({ failed }: RuleExplanation): boolean {
  return failed.some(({ key, result, within }: FailedKey) => {
    if (key === 'authority') return result === 'unknown'
    return key === 'not' && within !== undefined && isUnsaid(within)
  })
}
