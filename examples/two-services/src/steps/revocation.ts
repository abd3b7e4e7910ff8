import { Agent } from 'node:https'
import { callAs, describeCall } from '../call.ts'
import type { Demo } from './demo.ts'

/** The certificate of an operator is revoked while her keep-alive connection is open: the connection is cut off. */
export async function revocationStep ({ world, transcript, ledger }: Demo): Promise<void> {
  transcript.title('4. A revocation cuts off an open keep-alive connection')
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const operator = world.paths('operator')
  const call = (): ReturnType<typeof callAs> => callAs(operator, { url: `${ledger}/entries`, ca: operator.ca, agent })
  await call()
  const before = await call()
  const found = `${before.status}${before.reused ? ' reused' : ''}`
  transcript.expect('before, on a keep-alive connection', found, '200 reused')

  const revokedAt = performance.now()
  await world.revoke(world.issued('operator'))
  let outcome = await describeCall(call())
  while (outcome === '200' && performance.now() - revokedAt < 10_000) outcome = await describeCall(call())
  const took = Math.round(performance.now() - revokedAt)
  const cutOff = /^(401 MTLS_ERR_PEER_NO_LONGER_TRUSTED|refused)/
  transcript.expect(`after ${took} ms, on the same connection`, outcome, cutOff)
  const again = await describeCall(callAs(operator, { url: `${ledger}/entries`, ca: operator.ca }))
  transcript.expect('on a new connection', again, /^refused/)
  agent.destroy()
}
