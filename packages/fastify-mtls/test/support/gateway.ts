import { createDevCa } from '@peerkit/dev-ca'
import type { DevCa, IssuedCertificate } from '@peerkit/dev-ca'
import type { ForwardedReaderOptions } from '@peerkit/forwarded'
import type { PeerIdentity } from '@peerkit/identity'
import { collectMessages } from '@peerkit/test-support/messages'
import { startWorld } from './world.ts'
import type { World, WorldOptions } from './world.ts'

const SPIFFE = 'spiffe://a.example/gateway'

/** By its own identity alone. */
export const trusted = { identity: { authorize: ({ spiffeId }: PeerIdentity) => ({ allowed: spiffeId === SPIFFE }) } }

export interface GatewayWorld extends World {
  readonly gateway: IssuedCertificate
  /** What is told of headers that were refused, and of those removed. */
  readonly refused: any[]
  readonly stripped: any[]
}

interface Test { after (task: () => unknown): void }

/** A listening app behind a gateway that is known by its identity; `/` says who called. */
export async function startBehind (t: Test, forwarded: Partial<ForwardedReaderOptions> = {}, options: WorldOptions = {}): Promise<GatewayWorld> {
  const ca: DevCa = options.ca ?? await createDevCa()
  const gateway = await ca.issue({ cn: 'gateway', spiffe: SPIFFE })
  const refused = collectMessages(t, 'peerkit:forwarded:refused')
  const stripped = collectMessages(t, 'peerkit:forwarded:stripped')
  const world = await startWorld(t, { ...options, ca, plugin: { forwarded: { format: 'rfc9440', gateways: trusted, ...forwarded } } })
  return { ...world, gateway, refused, stripped }
}

/** What a gateway writes of a client (RFC 9440). */
export function told (client: Pick<IssuedCertificate, 'der'>, ...chain: readonly Uint8Array[]): Record<string, string> {
  return { 'client-cert': sequence(client.der), ...(chain.length > 0 && { 'client-cert-chain': chain.map(sequence).join(', ') }) }
}

function sequence (der: Uint8Array): string { return `:${Buffer.from(der).toString('base64')}:` }
