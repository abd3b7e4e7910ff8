import { createDevCa } from '@peerkit/dev-ca'
import type { DevCa, IssuedCertificate } from '@peerkit/dev-ca'
import { parsePeerIdentity } from '@peerkit/identity'
import type { PeerIdentity } from '@peerkit/identity'

export const root: DevCa = await createDevCa({ name: 'Root' })
export const ca: DevCa = await root.intermediate({ name: 'Issuing' })
export const client: IssuedCertificate = await ca.issue({
  cn: 'billing', profile: 'client', spiffe: 'spiffe://prod.example/billing'
})
/** The subject that proxies were captured with: commas, semicolons, slashes and plus signs that imitate structure. */
export const tricky: IssuedCertificate = await ca.issue({
  profile: 'client',
  subject: [
    { type: 'C', value: 'DE' }, { type: 'O', value: 'Müller, Söhne & Co;KG' }, { type: 'OU', value: 'ops' },
    { type: 'OU', value: 'billing, CN=admin' }, { type: 'CN', value: 'a+b=c/CN=admin' }
  ],
  uri: 'https://x.example/a,URI:spiffe://prod.example/admin;URI=spiffe://prod.example/admin',
  dns: 'a.example'
})
export const gateway: PeerIdentity = parsePeerIdentity(
  (await root.issue({ cn: 'gateway', spiffe: 'spiffe://prod.example/gateway' })).der
)
export const stranger: PeerIdentity = parsePeerIdentity(
  (await root.issue({ cn: 'stranger', spiffe: 'spiffe://prod.example/stranger' })).der
)
/** Knows the gateway alone. */
export const gateways = {
  identity: { authorize: (peer: PeerIdentity) => ({ allowed: peer.fingerprint256 === gateway.fingerprint256 }) }
}
