// The certificates: as public CAs issue them since 2026, and those of clients as a control.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'tap'
import { createDevCa } from '@peerkit/dev-ca'
import type { CaOptions, IssuedCertificate } from '@peerkit/dev-ca'

/** DER of an extendedKeyUsage that names serverAuth alone (RFC 5280 section 4.2.1.12). */
const SERVER_AUTH_ALONE = Buffer.from('300a06082b06010505070301', 'hex')
const extensions: CaOptions['extensions'] = [{ oid: '2.5.29.37', value: SERVER_AUTH_ALONE }]

export const folder: string = mkdtempSync(join(tmpdir(), 'peerkit-server-auth-only-'))
after(() => { rmSync(folder, { recursive: true, force: true }) })

const root = await createDevCa({ name: 'Public Root' })
const plain = await root.intermediate({ name: 'Public Issuing 1' })
const limited = await root.intermediate({ name: 'Public Issuing 2', extensions })
const servers = await createDevCa({ name: 'Servers' })

/** By the purpose of the leaf, and by what its intermediate says of purposes. */
export type ClientKind = 'server, any' | 'server, server' | 'client, any' | 'client, server'
const leaf = { dns: 'web.partner.example' }
export const clients: Readonly<Record<ClientKind, IssuedCertificate>> = {
  'server, any': await plain.issue({ ...leaf, profile: 'server' }),
  'server, server': await limited.issue({ ...leaf, profile: 'server' }),
  'client, any': await plain.issue({ ...leaf, profile: 'client' }),
  'client, server': await limited.issue({ ...leaf, profile: 'client' })
}
export const kinds = Object.keys(clients) as ClientKind[]

/** What the servers have of their own, and the CA that they trust for clients. */
export const own: IssuedCertificate = await servers.issue({ cn: 'server', dns: 'localhost', ip: '127.0.0.1', profile: 'server' })
export const clientsRoot: string = root.root
export const serversRoot: string = servers.root
export const files = {
  cert: join(folder, 'server.crt'), key: join(folder, 'server.key'), both: join(folder, 'server.pem'), ca: join(folder, 'clients-ca.crt')
} as const
for (const [path, text] of [
  [files.cert, own.chain], [files.key, own.key], [files.both, own.chain + own.key], [files.ca, clientsRoot]
] as const) writeFileSync(path, text, { mode: 0o600 })
