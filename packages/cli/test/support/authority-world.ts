import type { Test } from 'tap'
import { createDevCa } from '@peerkit/dev-ca'
import { folder } from './folder.ts'
import { SERVER_ONLY } from '@peerkit/test-support/public-cas'

/** Two authorities that vouch for clients, and one for servers alone. */
export const internal = await createDevCa({ name: 'Internal' })
export const partner = await createDevCa({ name: 'Partner' })
export const upstream = await createDevCa({ name: 'Upstream' })
const issuing = await partner.intermediate({ name: 'Partner issuing' })

export const own = await internal.issue({ profile: 'client', cn: 'orders', ou: 'shop' })
// X.509-SVIDs, which name both purposes or none.
export const shop = await issuing.issue({
  cn: 'orders', ou: 'shop', spiffe: 'spiffe://partner.example/shop', policies: ['1.2.3']
})
export const astray = await issuing.issue({ cn: 'x', spiffe: 'spiffe://elsewhere.example/shop' })
export const bare = await issuing.issue({ spiffe: 'spiffe://partner.example/web', extensions: [SERVER_ONLY] })
/** It claims one name of each kind, and many DNS names. */
export const boastful = await issuing.issue({
  profile: 'client',
  spiffe: 'spiffe://partner.example/boast',
  upn: 'root@corp.example',
  directoryName: [{ type: 'CN', value: 'root' }],
  email: 'root@corp.example',
  ip: '192.0.2.1',
  dns: Array.from({ length: 30 }, (_, index) => `host-${index}.corp.example`)
})
export const api = await upstream.issue({ profile: 'server', dns: 'api.upstream.example' })
export const lost = await issuing.issue({ profile: 'client', spiffe: 'spiffe://partner.example/lost' })
issuing.revoke(lost)

export const INTERNAL = { ca: 'cas/internal.pem', names: 'any' }
export const PARTNER = { ca: ['cas/partner.pem'], names: { spiffe: 'spiffe://partner.example' } }
export const UPSTREAM = { ca: 'cas/upstream.pem', for: 'servers', names: { dns: 'upstream.example' } }

const FILES = {
  'cas/internal.pem': internal.root,
  'cas/partner.pem': partner.root,
  'cas/upstream.pem': upstream.root,
  'cas/issuing.pem': issuing.certificate,
  'cas/partner.crl': (await partner.crl()).pem,
  'cas/issuing.crl': (await issuing.crl()).der,
  'cas/upstream.crl': (await upstream.crl()).pem,
  'own.pem': own.chain,
  'shop.pem': shop.chain,
  'astray.pem': astray.chain,
  'bare.pem': bare.chain,
  'boastful.pem': boastful.chain,
  'lost.pem': lost.chain,
  'api.pem': api.chain,
  'stranger.pem': (await (await createDevCa({ name: 'Stranger' })).issue({ cn: 'nobody' })).chain
}

/** A folder with those certificates, and these authorities in `authorities.json`; gives the paths of its files. */
export function authorityFolder (
  t: Test, authorities: unknown, more: Readonly<Record<string, string>> = {}
): (name: string) => string {
  const text = typeof authorities === 'string' ? authorities : JSON.stringify(authorities)
  return folder(t, { ...FILES, 'authorities.json': text, ...more })
}
