import { memoryCredentials } from '@peerkit/credentials'
import { createDevCa } from '@peerkit/dev-ca'
import { test } from 'tap'
import type { MtlsServer } from '../src/handshake/handshake-gate.ts'
import { TlsContexts } from '../src/server/tls-contexts.ts'

test('a runtime whose servers cannot replace certificates is refused with what to do', async (t) => {
  const ca = await createDevCa()
  const { chain, key } = await ca.issue({ cn: 'server', dns: 'localhost' })
  const contexts = new TlsContexts(memoryCredentials({ cert: chain, key, ca: ca.root }), {}, () => [])
  const bun = {} as unknown as MtlsServer
  t.throws(() => { contexts.add(bun) }, {
    code: 'MTLS_ERR_SERVER_OPTION',
    message: /have no setSecureContext\(\) and no setTicketKeys\(\)[^]*run the service with Node 22\.19 or later/
  })
  const half = { setSecureContext () {} } as unknown as MtlsServer
  t.throws(() => { contexts.add(half) }, { message: /have no setTicketKeys\(\), so/ })
  t.equal(contexts.size, 0)
})
