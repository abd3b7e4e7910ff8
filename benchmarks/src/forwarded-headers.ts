// Headers as gateways write them, of any number of clients.
import { createHash } from 'node:crypto'
import { createDevCa } from '@peerkit/dev-ca'
import type { DevCa } from '@peerkit/dev-ca'
import { encodePem } from '@peerkit/identity'

export const FORMATS: ReadonlyArray<'rfc9440' | 'nginx' | 'haproxy' | 'xfcc'> = ['rfc9440', 'nginx', 'haproxy', 'xfcc']

const base64 = (der: Uint8Array): string => Buffer.from(der).toString('base64')
const escaped = (...ders: readonly Uint8Array[]): string =>
  encodeURIComponent(ders.map((der) => encodePem(der)).join(''))

/** Names and values in turn. */
export const write: Readonly<Record<string, (leaf: Uint8Array, ca: Uint8Array) => string[]>> = {
  rfc9440: (leaf, ca) => ['Client-Cert', `:${base64(leaf)}:`, 'Client-Cert-Chain', `:${base64(ca)}:`],
  nginx: (leaf) => ['ssl-client-verify', 'SUCCESS', 'ssl-client-cert', escaped(leaf)],
  haproxy: (leaf, ca) => [
    'ssl-client-used', '1', 'ssl-client-verify', '0', 'ssl-client-cert', base64(leaf), 'ssl-client-chain', base64(ca)
  ],
  xfcc: (leaf, ca) => [
    'x-forwarded-client-cert',
    `By=spiffe://bench.example/edge;Cert="${escaped(leaf)}";Chain="${escaped(leaf, ca)}";Subject="";URI=`
  ],
  'aws-alb-passthrough': (leaf, ca) => ['x-amzn-mtls-clientcert', escaped(leaf, ca)]
}

/** Other headers that a browser or a service sends. */
export const USUAL: readonly string[] = [
  'Host', 'localhost:3000', 'Connection', 'keep-alive', 'User-Agent', 'benchmark/1', 'Accept', '*/*', 'Accept-Encoding',
  'gzip, deflate', 'X-Request-Id', '0d1f9b1e'
]

export interface Clients { readonly ca: DevCa, at (index: number): Uint8Array }

/**
 * Certificates of different clients: one issued certificate with other serial numbers and other octets in the
 * signature, which is then wrong. Behind a gateway that verifies, the app does not check it.
 */
export async function mintClients (): Promise<Clients> {
  const ca = await createDevCa({ name: 'Benchmark CA' })
  const { der, serialNumber } = await ca.issue({
    cn: 'client', ou: 'billing', profile: 'client', spiffe: 'spiffe://bench.example/ns/pay/sa/client'
  })
  const serialAt = Buffer.from(der).indexOf(Buffer.from(serialNumber, 'hex'))
  return {
    ca,
    at (index) {
      const copy = Buffer.from(der)
      copy.writeUInt32BE(index, serialAt + 4)
      createHash('sha256').update(String(index)).digest().copy(copy, copy.length - 32)
      return copy
    }
  }
}
