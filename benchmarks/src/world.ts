import { createDevCa } from '@peerkit/dev-ca'
import type { KeyType } from '@peerkit/dev-ca'

/** PEM of everything a benchmark of servers needs; handed to the server's process as JSON. */
export interface Material {
  readonly ca: string
  readonly server: { cert: string, key: string }
  readonly client: { cert: string, key: string }
}

export async function mintMaterial (key: KeyType = 'ec-p256'): Promise<Material> {
  const ca = await createDevCa({ name: 'Benchmark CA', key })
  const server = await ca.issue({ cn: 'localhost', dns: 'localhost', ip: '127.0.0.1', key })
  const client = await ca.issue({
    cn: 'client-7', ou: 'billing', spiffe: 'spiffe://bench.example/ns/pay/sa/client-7', key
  })
  return {
    ca: ca.root, server: { cert: server.chain, key: server.key }, client: { cert: client.chain, key: client.key }
  }
}
