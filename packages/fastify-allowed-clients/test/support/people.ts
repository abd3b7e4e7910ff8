import { createDevCa } from '@peerkit/dev-ca'
import type { IssuedCertificate } from '@peerkit/dev-ca'
import { parsePeerIdentity } from '@peerkit/identity'
import type { PeerIdentity } from '@peerkit/identity'

export const ca = await createDevCa()
export const serverCertificate: IssuedCertificate = await ca.issue({ cn: 'server', dns: 'localhost', ip: '127.0.0.1' })
export const billingCertificate: IssuedCertificate = await ca.issue({ cn: 'b', ou: 'billing' })
export const opsCertificate: IssuedCertificate = await ca.issue({ cn: 'o', ou: 'ops' })

export const billing: PeerIdentity = parsePeerIdentity(billingCertificate.der)
export const ops: PeerIdentity = parsePeerIdentity(opsCertificate.der)
/** Allowed by two rules: in both units. */
export const both: PeerIdentity = parsePeerIdentity((await ca.issue({ cn: 'both', ou: ['billing', 'ops'] })).der)
