// A certificate that its issuer took back: nobody is called with it.
import { once } from 'node:events'
import { test } from 'tap'
import { startPushedCredentials } from '@peerkit/credentials/internal'
import { createDevCa } from '@peerkit/dev-ca'
import { startServer } from '@peerkit/test-support/listen'
import { MtlsAgent, OutboundCredentialsExpiredError } from '../src/index.ts'

test('an agent closes what is open, and calls nobody until there is a new certificate', async (t) => {
  const ca = await createDevCa()
  const [server, client] = [await ca.issue({ spiffe: 'spiffe://prod.example/ledger' }), await ca.issue({ spiffe: 'spiffe://prod.example/orders' })]
  const own = { ca: ca.root, names: { spiffe: 'spiffe://prod.example' }, spiffeOnly: true }
  const material = { cert: client.chain, key: client.key, own: 'prod.example', authorities: new Map([['prod.example', own]]), crls: [] }
  const source = await startPushedCredentials(material, { origin: 'the X.509-SVID', onClose: () => {}, revocationPolicy: 'soft' })
  const listening = await startServer({ identity: server })
  const agent = new MtlsAgent({ credentials: source, allowedServers: { spiffe: 'spiffe://prod.example/ledger' } })
  t.teardown(async () => {
    await agent.close()
    await listening.close()
    await source.close()
  })
  const get = async (): Promise<number> => {
    const { statusCode, body } = await agent.request({ origin: listening.origin, path: '/', method: 'GET' })
    await body.dump()
    return statusCode
  }
  t.equal(await get(), 200)
  const [socket] = [...listening.sockets]
  const closed = once(socket as NonNullable<typeof socket>, 'close')
  source.withdraw()
  const error: unknown = await get().catch((error: unknown) => error)
  t.ok(error instanceof OutboundCredentialsExpiredError)
  t.match((error as Error).message, /the client certificate was withdrawn at 2/)
  await closed
  t.equal(listening.accepted(), 1, 'no connection was opened')
  await source.push(material)
  t.equal(await get(), 200)
})
