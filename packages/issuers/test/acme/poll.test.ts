import { test } from 'tap'
import { rejection } from '@peerkit/test-support/rejection'
import { poll } from '../../src/acme/poll.ts'

const signal = new AbortController().signal

/** Polls something that never ends, and returns the waits. */
async function waits (retryAfter: number | undefined): Promise<{ readonly error: Error, readonly delays: readonly number[] }> {
  const delays: number[] = []
  const error = await rejection(poll(async () => ({ value: undefined, retryAfter }), {
    what: 'the order', signal, wait: async (delay) => { delays.push(delay) }
  }))
  return { error, delays }
}

test('a server that never comes to an end is given up', async (t) => {
  const { error, delays } = await waits(undefined)
  t.match(error, { code: 'MTLS_ERR_ISSUER', reason: 'answer', message: /the order did not come to an end within 60 looks/ })
  t.equal(delays.length, 60)
  t.same(delays.slice(0, 7), [200, 400, 800, 1_600, 3_200, 5_000, 5_000])
})

test('the server says how long to wait, within bounds', async (t) => {
  t.same((await waits(3_000)).delays.slice(0, 7), [3_000, 3_000, 3_000, 3_000, 3_000, 3_000, 3_000])
  t.equal((await waits(86_400_000)).delays[0], 60_000)
  t.same((await waits(0)).delays.slice(0, 5), [200, 400, 800, 1_000, 1_000], 'a server that says zero is not asked without a pause')
})

test('a value ends it', async (t) => {
  let looks = 0
  const value = await poll(async () => ({ value: ++looks === 3 ? 'done' : undefined, retryAfter: 0 }), { what: 'x', signal, wait: async () => {} })
  t.equal(value, 'done')
  t.equal(looks, 3)
})
