import { memoryCredentials, memoryTrust } from '@peerkit/credentials'
import { createDevCa } from '@peerkit/dev-ca'
import Fastify from 'fastify'
import { test } from 'tap'
import type { Test } from 'tap'
import fastifyMtls, { withMtls } from '../src/index.ts'

const ca = await createDevCa()
const { chain, key } = await ca.issue({ cn: 'ledger', ip: '127.0.0.1' })

type Credentials = Parameters<typeof withMtls>[0]

async function start (t: Test, credentials: Credentials, closeCredentials = false): Promise<{ close (): Promise<void>, lines: any[] }> {
  const lines: any[] = []
  const app = Fastify(withMtls(credentials, { logger: { level: 'error', stream: { write: (line: string) => { lines.push(JSON.parse(line)) } } } }))
  t.teardown(async () => { await app.close() })
  await app.register(fastifyMtls, { closeCredentials })
  await app.listen({ host: '127.0.0.1', port: 0 })
  return { close: async () => { await app.close() }, lines }
}

test('an app whose credentials another app closes says so', async (t) => {
  const credentials = memoryCredentials({ cert: chain, key, ca: ca.root })
  const [a, b] = [await start(t, credentials, true), await start(t, credentials)]
  await a.close()
  t.match(b.lines, [{ closedBy: 'the option closeCredentials of another app', generation: 1, msg: /were closed by the option closeCredentials of another app while it listens: no rotation and no new CRL reaches it any more; close them after the last app/ }])
  t.strictSame(a.lines, [], 'the app that closes them knows')
})

test('so does one whose credentials are closed by hand, and one behind a gateway', async (t) => {
  const credentials = memoryCredentials({ cert: chain, key, ca: ca.root })
  const { lines, close } = await start(t, credentials)
  await credentials.close()
  t.match(lines, [{ closedBy: 'a call of close()' }])
  await close()
  const trust = memoryTrust({ ca: ca.root })
  const plain = Fastify({ logger: { level: 'error', stream: { write: (line: string) => { lines.push(JSON.parse(line)) } } } })
  t.teardown(async () => { await plain.close() })
  await plain.register(fastifyMtls, { trust, forwarded: { format: 'xfcc', gateways: { addresses: ['127.0.0.1'] } } })
  await plain.ready()
  await trust.close()
  t.equal(lines.length, 1, 'an app that does not listen needs no line')
})
