import type { Language } from './language.ts'

/** Tests of the rules, and of real connections. They need no files of the CA. */
export function makeTest ({ extension }: Language): string {
  return `import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { memoryCredentials } from '@peerkit/credentials'
import { createDevCa } from '@peerkit/dev-ca'
import { injectAs } from '@peerkit/fastify-mtls'
import { parsePeerIdentity } from '@peerkit/identity'
import { MtlsAgent } from '@peerkit/undici-mtls'
import { buildApp } from '../app.${extension}'

// A CA of this test's own, in memory.
const ca = await createDevCa()
const server = await ca.issue({ profile: 'server', cn: 'server', ip: '127.0.0.1' })
const alice = await ca.issue({ profile: 'client', cn: 'alice', ou: 'billing' })
const mallory = await ca.issue({ profile: 'client', cn: 'mallory', ou: 'interns' })
const stranger = await (await createDevCa()).issue({ profile: 'client', cn: 'alice', ou: 'billing' })

const app = await buildApp(
  memoryCredentials({ cert: server.chain, key: server.key, ca: ca.root }), { logger: false }
)
after(() => app.close())

test('rules.yaml says who may call what', async () => {
  const expected = [
    { url: '/invoices', client: alice, status: 200 },
    { url: '/invoices', client: mallory, status: 403 },
    { url: '/whoami', client: mallory, status: 200 },
    { url: '/unknown', client: alice, status: 403 }
  ]
  for (const { url, client, status } of expected) {
    const response = await injectAs(app, parsePeerIdentity(client.der), url)
    assert.equal(response.statusCode, status, url)
  }
})

test('the server decides by the certificate of the connection', async () => {
  const origin = await app.listen({ host: '127.0.0.1', port: 0 })
  const call = async ({ chain, key } = alice) => {
    const agent = new MtlsAgent({ credentials: memoryCredentials({ cert: chain, key, ca: ca.root }) })
    try {
      return (await agent.fetch(\`\${origin}/invoices\`)).status
    } finally {
      await agent.destroy()
    }
  }
  assert.equal(await call(alice), 200)
  assert.equal(await call(mallory), 403)
  // The same names from a CA that the server does not trust: the handshake fails, and no HTTP is read.
  await assert.rejects(call(stranger))
})
`
}
