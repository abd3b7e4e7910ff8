import type { Refused } from '@peerkit/trust'
import { describeEach } from './authorities/describe-answer.ts'
import { inAuthorities, remedyOf } from './chain-decision.ts'
import { shownRows } from './shown.ts'
import type { TrustAnswer, TrustQuestion } from './trust-question.ts'

/** Why a chain is refused and what to do. */
export function describeRefusal (question: TrustQuestion, { each, leftOut }: TrustAnswer, refused: Refused): string {
  const { step, message, why, certificate } = refused.detail
  return shownRows([
    ['step', why === undefined ? step : `${step} (${why})`],
    ['found', message],
    ['certificate', certificate === undefined ? undefined : certificate.subject ?? 'without a readable subject'],
    ['serial number', certificate?.serialNumber],
    ['SHA-256', certificate?.fingerprint256],
    ['authorities', describeEach(each, question.at)],
    ['ignored', leftOut],
    ['what to do', describeRemedy(question, refused)]
  ])
}

/** What to do, with the names of the options that were given. */
export function describeRemedy ({ chain: [leaf], trusted: { file } }: TrustQuestion, refused: Refused): string {
  const remedy = remedyOf(refused, leaf)
  return file === undefined ? remedy : inAuthorities(remedy)
}
