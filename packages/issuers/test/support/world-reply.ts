import type { IssuerWorld, WorldAnswer } from '@peerkit/issuers/test'
import type { Reply } from './https-server.ts'

type Issued = Extract<WorldAnswer, { type: 'issued' }>

/** The reply of a stand-in for an answer of the kit. */
export async function replyOf (world: IssuerWorld, request: string | Uint8Array, issued: (answer: Issued) => Reply): Promise<Reply> {
  const answer = await world.answer(request)
  switch (answer.type) {
    case 'issued': return issued(answer)
    case 'dropped': return { drop: true }
    case 'garbage': return { body: answer.text }
    case 'unavailable': return { status: 503 }
    default: return { status: 429, headers: { 'retry-after': String(answer.retryAfter) }, body: 'too many requests' }
  }
}
