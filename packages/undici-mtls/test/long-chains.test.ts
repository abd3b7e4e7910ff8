import { mock } from 'node:test'
import { TLSSocket } from 'node:tls'
import { memoryCredentials } from '@peerkit/credentials'
import { createDevCa } from '@peerkit/dev-ca'
import { startServer } from '@peerkit/test-support/listen'
import { rejection } from '@peerkit/test-support/rejection'
import { test } from 'tap'
import { MtlsAgent } from '../src/index.ts'

test('long chains of servers that are not trusted are read to explain some refusals, and all are refused', async (t) => {
  const [ours, others] = [await createDevCa({ name: 'Ours' }), await createDevCa({ name: 'Elsewhere' })]
  const client = await ours.issue({ cn: 'orders', profile: 'client' })
  const { cert, key } = await others.issue({ cn: 'stranger', dns: 'localhost', ip: '127.0.0.1' })
  // Node never frees the certificates above the leaf that were read, or frees them slowly.
  const identity = { chain: cert + others.root.repeat(150), key }
  const listening = await startServer({ identity: identity as never })
  const agent = new MtlsAgent({ credentials: memoryCredentials({ cert: client.chain, key: client.key, ca: ours.root }) })
  t.teardown(async () => { await agent.close(); await listening.close() })
  const ask = async (): Promise<any> => await rejection(agent.request({ origin: listening.origin, path: '/', method: 'GET' }))
  const spy = mock.method(TLSSocket.prototype, 'getPeerX509Certificate')
  t.teardown(() => { spy.mock.restore() })
  const messages = new Set<string>()
  for (let turn = 0; turn < 25; turn += 1) {
    const error = await ask()
    t.match(error, { code: 'MTLS_ERR_OUTBOUND_SERVER_UNTRUSTED' })
    messages.add(error.message)
  }
  t.equal(spy.mock.callCount(), 19)
  t.equal(messages.size, 2, 'explained, then by the code of OpenSSL alone')
  t.strictSame(listening.seen, [])
})
