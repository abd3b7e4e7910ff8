import { test } from 'tap'
import { readSigningRequest } from '../../src/kubernetes/signing-request.ts'

const metadata = { name: 'ledger-abc', uid: '0a1b2c3d' }
/** Text of it is a TypeError. */
const NO_TEXT = { toString: 0, valueOf: 0 }
const read = (conditions: unknown): ReturnType<typeof readSigningRequest> => readSigningRequest({ metadata, status: { conditions } }, 'Kubernetes')

test('conditions may hold anything', async (t) => {
  t.match(read([{ type: NO_TEXT, reason: NO_TEXT, message: [NO_TEXT] }, null, 7, 'x']), { isApproved: false, refusal: undefined })
  t.match(read([{ type: 'Denied', reason: NO_TEXT, message: [NO_TEXT] }]), { refusal: { type: 'Denied', why: 'no reason: no message' } })
  t.match(read([{ type: 'Failed', reason: 'SignerError', message: 'no' }]), { refusal: { type: 'Failed', why: 'SignerError: no' } })
  t.match(read(NO_TEXT), { isApproved: false })
})
