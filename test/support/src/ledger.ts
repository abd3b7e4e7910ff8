import { memoryCredentials } from '@peerkit/credentials'
import type { MemoryCredentials } from '@peerkit/credentials'
import { createDevCa } from '@peerkit/dev-ca'
import type { DevCa, IssuedCertificate, IssueOptions } from '@peerkit/dev-ca'

/** The SPIFFE ID of the server `ledger`. */
export const LEDGER = 'spiffe://prod.example/ns/pay/sa/ledger'

export interface Ledger {
  readonly ca: DevCa
  readonly server: IssuedCertificate
  readonly client: IssuedCertificate
  readonly credentials: MemoryCredentials
}

/** A CA, the certificates of the server `ledger` and of its client `orders`, and the client's credentials. */
export async function createLedger (
  options: { readonly server?: IssueOptions, readonly client?: IssueOptions } = {}
): Promise<Ledger> {
  const ca = await createDevCa()
  const server = await ca.issue({ cn: 'ledger', dns: 'localhost', ip: '127.0.0.1', spiffe: LEDGER, ...options.server })
  const client = await ca.issue({
    cn: 'orders', profile: 'client', spiffe: 'spiffe://prod.example/ns/shop/sa/orders', ...options.client
  })
  return { ca, server, client, credentials: memoryCredentials({ cert: client.chain, key: client.key, ca: ca.root }) }
}
