import { Agent } from 'node:https'
import { callAs, describeCall } from '../call.ts'
import type { Demo } from './demo.ts'

/** An operator with an open keep-alive connection loses her certificate: the connection is of no more use to her. */
export async function revocationStep ({ world, transcript, ledger }: Demo): Promise<void> {
  transcript.title('4. A revocation cuts an open keep-alive connection off')
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const operator = world.paths('operator')
  const call = (): ReturnType<typeof callAs> => callAs(operator, { url: `${ledger}/entries`, ca: operator.ca, agent })
  await call()
  const before = await call()
  transcript.expect('before, on a kept-alive connection', `${before.status}${before.reused ? ' reused' : ''}`, '200 reused')

  const revokedAt = performance.now()
  await world.revoke(world.issued('operator'))
  let outcome = await describeCall(call())
  while (outcome === '200' && performance.now() - revokedAt < 10_000) outcome = await describeCall(call())
  transcript.expect(`after ${Math.round(performance.now() - revokedAt)} ms, on the same connection`, outcome, /^(401 MTLS_ERR_PEER_NO_LONGER_TRUSTED|refused)/)
  transcript.expect('and on a new one', await describeCall(callAs(operator, { url: `${ledger}/entries`, ca: operator.ca })), /^refused/)
  agent.destroy()
}
