import { memoryCredentials } from '@peerkit/credentials'
import type { MemoryCredentials } from '@peerkit/credentials'
import { createDevCa } from '@peerkit/dev-ca'
import type { DevCa } from '@peerkit/dev-ca'
import { limitPeerIdentity, parsePeerIdentity } from '@peerkit/identity'
import type { ClaimKind, PeerIdentity } from '@peerkit/identity'

export const DAY = 86_400_000

/** A line that was logged, and at which level. */
export interface Logged { readonly level: string, readonly line: Record<string, any>, readonly text: string }

export function createLog (): { lines: Logged[], log: { info (line: object, text: string): void, warn (line: object, text: string): void, error (line: object, text: string): void } } {
  const lines: Logged[] = []
  const write = (level: string) => (line: object, text: string): void => { lines.push({ level, line: line as Record<string, any>, text }) }
  return { lines, log: { info: write('info'), warn: write('warn'), error: write('error') } }
}

/** The identity of a certificate that ends after so many milliseconds. */
export async function mintPeer (options: { cn?: string, from?: number, life?: number, ca?: string } = {}): Promise<PeerIdentity> {
  const { cn = 'client', from = Date.now() - 60_000, life = 365 * DAY, ca: name = 'Test CA' } = options
  const ca = await createDevCa({ name, notBefore: new Date(from - 1000), notAfter: new Date(from + life + 3650 * DAY) })
  const { der } = await ca.issue({ cn, profile: 'client', notBefore: new Date(from), notAfter: new Date(from + life) })
  return parsePeerIdentity(der, { chain: [parsePeerIdentity(ca.der)] })
}

/** The identity of a partner's client, of whom the authority `partner` vouches for the SPIFFE ID alone. */
export async function mintPartner (authority = 'partner', ca?: string): Promise<PeerIdentity> {
  const root = await createDevCa({ name: ca ?? 'Partner Root' })
  const { der } = await root.issue({ cn: 'web', ou: 'billing', spiffe: 'spiffe://partner.example/web', dns: 'ledger.internal' })
  const hidden: readonly ClaimKind[] = ['subject', 'dns', 'uri', 'email', 'ip', 'upn', 'policy', 'registeredId', 'qualified', 'admission', 'extension']
  return limitPeerIdentity(parsePeerIdentity(der, { chain: [parsePeerIdentity(root.der)] }), authority, hidden)
}

export interface OwnOptions { readonly life?: number, readonly crlLife?: number }

/** Live credentials of ours whose leaf ends after `life`, with a CRL where its life is given. */
export async function mintCredentials ({ life = 365 * DAY, crlLife }: OwnOptions = {}): Promise<{ credentials: MemoryCredentials, ca: DevCa, key: string, notAfter: number }> {
  const from = Math.floor(Date.now() / 1000) * 1000 - 60_000
  const notAfter = from + life
  const ca = await createDevCa({ name: 'Own CA', notBefore: new Date(from), notAfter: new Date(from + 3650 * DAY) })
  const issued = await ca.issue({ cn: 'service', ip: '127.0.0.1', notBefore: new Date(from), notAfter: new Date(notAfter) })
  const crl = crlLife === undefined ? undefined : (await ca.crl({ thisUpdate: new Date(from), nextUpdate: new Date(from + crlLife) })).pem
  return { credentials: memoryCredentials({ cert: issued.chain, key: issued.key, ca: ca.root, ...(crl !== undefined && { crl }) }), ca, key: issued.key, notAfter }
}
