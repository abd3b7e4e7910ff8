import type { TLSSocket } from 'node:tls'
import { test } from 'tap'
import { RefusedChains } from '../../src/internal/refused-chains.ts'
import { forgiveRefusedChain, readRefusedChain } from '../../src/internal/sent-chain.ts'

test('what is given back is what was counted, although the peer has sent more since', async (t) => {
  const connection = { bytesRead: 10_000 }
  const socket = {
    getPeerX509Certificate: () => ({ raw: Buffer.of(1), issuerCertificate: undefined }),
    _handle: { _parent: connection }
  } as unknown as TLSSocket
  const limit = new RefusedChains(1_000, 0)
  const taken: number[] = []
  limit.count = (octets) => { taken.push(octets) }
  limit.forgive = (octets) => { taken.push(-octets) }
  const chain = readRefusedChain(socket, limit)
  t.match(chain, { leaf: Buffer.of(1), sent: [], counted: 10_000 })
  connection.bytesRead = 90_000
  forgiveRefusedChain(socket, chain!, limit)
  forgiveRefusedChain(socket, { leaf: Buffer.of(1), sent: [] }, limit)
  t.strictSame(taken, [10_000, -10_000])
})
