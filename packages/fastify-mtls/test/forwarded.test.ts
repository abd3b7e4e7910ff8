import { createDevCa } from '@peerkit/dev-ca'
import { createForwardedReader } from '@peerkit/forwarded'
import { test } from 'tap'
import { call, startWorld } from './support/world.ts'

test('a trusted gateway speaks for its clients; nobody else does', async (t) => {
  const ca = await createDevCa()
  const gateway = await ca.issue({ cn: 'gateway', spiffe: 'spiffe://a.example/gateway' })
  const forwarded = createForwardedReader({ format: 'rfc9440', gateways: { identity: { authorize: ({ spiffeId }) => ({ allowed: spiffeId === 'spiffe://a.example/gateway' }) } } })
  const world = await startWorld(t, { ca, plugin: { forwarded } })
  const header = { 'client-cert': `:${Buffer.from((await ca.issue({ cn: 'behind' })).der).toString('base64')}:` }
  t.match(await call(world, gateway, { headers: header }), { status: 200, body: { cn: 'behind' } })
  t.match(await call(world, gateway), { status: 401, body: { code: 'MTLS_ERR_PEER_MISSING' } }, 'without a certificate it speaks for nobody')
  t.match(await call(world, world.client, { headers: header }), { status: 401, body: { code: 'MTLS_ERR_FORWARDED_REFUSED' } })
})
