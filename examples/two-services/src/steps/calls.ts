import { MtlsAgent } from '@peerkit/undici-mtls'
import { fileCredentials } from '@peerkit/credentials'
import { request } from 'undici'
import { callAs, describeCall } from '../call.ts'
import { TRUST_DOMAIN } from '../mint.ts'
import type { Paths } from '../mint.ts'
import type { Demo } from './demo.ts'

/** Who may call whom: an allowed call through both services, and calls that are refused. */
export async function callSteps ({ world, transcript, ledger, orders }: Demo): Promise<void> {
  const { ca } = world.paths('operator')
  const read = (as: Paths | undefined): Promise<string> => describeCall(callAs(as, { url: `${ledger}/entries`, ca }))
  transcript.title('1. An operator places an order; orders books it with the ledger')
  const credentials = await fileCredentials(world.paths('operator'))
  const agent = new MtlsAgent({ credentials, allowedServers: [{ spiffe: `${TRUST_DOMAIN}/ns/shop/sa/orders` }] })
  const placed = await request(`${orders}/orders`, {
    dispatcher: agent,
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ amount: 42 })
  })
  const answer = `${placed.statusCode} ${await placed.body.text()}`
  transcript.expect('operator > orders > ledger', answer, '201 {"ledger":{"entries":1}}')
  await agent.close()
  await credentials.close()
  transcript.expect('operator reads the ledger', await read(world.paths('operator')), '200')
  const missing = describeCall(callAs(world.paths('operator'), { url: `${ledger}/entries/99`, ca }))
  transcript.expect('operator reads an entry that does not exist', await missing, '404')

  transcript.title('2. Everyone else is refused')
  transcript.expect('no certificate', await read(undefined), /^refused/)
  transcript.expect('a certificate from another CA', await read(world.paths('stranger')), /^refused/)
  const denied = await read(world.paths('intern'))
  transcript.expect('a valid certificate that no rule allows', denied, '403 MTLS_ERR_CLIENT_NOT_ALLOWED')
}
