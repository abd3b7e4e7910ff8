// An authority for X.509-SVIDs behind a gateway that forwards the leaf alone.
import { test } from 'tap'
import { createDevCa } from '@peerkit/dev-ca'
import { call } from './support/world.ts'
import { startBehind, told } from './support/gateway.ts'

const [gateways, domain] = [await createDevCa({ name: 'gateways' }), await createDevCa({ name: 'prod.example' })]
const below = await domain.intermediate()

test('what is no X.509-SVID is refused behind a gateway as it is directly', async (t) => {
  const world = await startBehind(t, { verifiedAs: 'prod.example' } as object, {
    ca: gateways,
    material: {
      ca: undefined,
      authorities: {
        gateways: { ca: gateways.root, names: 'any' },
        'prod.example': { ca: domain.root, names: { spiffe: 'spiffe://prod.example' }, spiffeOnly: true, for: 'clients' }
      }
    } as any
  })
  const id = 'spiffe://prod.example/billing'
  for (const [what, options, status] of [
    ['an X.509-SVID', { spiffe: id }, 200],
    ['no SPIFFE ID', { cn: 'admin' }, 401],
    ['a second URI', { spiffe: id, uri: 'spiffe://prod.example/admin' }, 401],
    ['no path', { uri: 'spiffe://prod.example' }, 401],
    ['a CA', { spiffe: id, ca: true }, 401],
    ['another trust domain', { spiffe: 'spiffe://other.example/billing' }, 401]
  ] as const) {
    for (const issuer of [domain, below]) {
      const leaf = await issuer.issue({ ...options, checkNames: false })
      t.equal((await call(world, world.gateway, { headers: told(leaf) })).status, status, `${what}, of ${issuer === domain ? 'the root' : 'an intermediate CA that is not forwarded'}`)
    }
  }
  t.ok(world.refused.every(({ reason }) => reason === 'outside_authority' || reason === 'ca_as_leaf'), world.refused.map(({ reason }) => reason).join())
})
