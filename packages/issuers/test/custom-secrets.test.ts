import { inspect } from 'node:util'
import { generateKeyPairSync } from 'node:crypto'
import { test } from 'tap'
import { customIssuer } from '@peerkit/issuers/custom'
import { IssuerClient } from '../src/http/issuer-client.ts'
import { pinnedAgent } from '../src/http/pinned-agent.ts'
import { startStandIn } from './support/https-server.ts'

test('what a request says of itself in its headers is in no error', async (t) => {
  const server = await startStandIn(({ headers }) => ({ status: 400, body: `you sent ${JSON.stringify(headers)}` }))
  t.teardown(server.close)
  const agent = pinnedAgent({ ca: [server.root], signal: new AbortController().signal })
  t.teardown(async () => { await agent.destroy() })
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const spki = publicKey.export({ type: 'spki', format: 'pem' }) as string
  for (const [name, value] of [['authorization', 'Bearer hunter2-one'], ['X-Api-Key', 'hunter2-two'], ['x-amz-security-token', 'hunter2-three'], ['Cookie', 'session=hunter2-four']]) {
    const issuer = customIssuer({
      url: server.url, agent, names: { cn: 'ledger' }, request: () => ({ headers: { [name as string]: value as string }, body: {} }), read: () => ({ cert: '' })
    })
    const asked = { publicKey: spki, privateKey, signal: new AbortController().signal, previous: undefined }
    const error: any = await Promise.resolve(issuer.issue(asked)).catch((error) => error)
    t.match(error, { reason: 'refused', message: /you sent .*…/ })
    t.notMatch(inspect(error, { depth: 20, showHidden: true }), /hunter2/, name as string)
  }
})

test('a secret at the end of what an error shows is hidden as a whole', async (t) => {
  for (const status of [400, 200]) {
    const server = await startStandIn(({ headers }) => ({ status, body: `${'x'.repeat(285)}${String(headers.authorization)} and more` }))
    t.teardown(server.close)
    const agent = pinnedAgent({ ca: [server.root], signal: new AbortController().signal })
    t.teardown(async () => { await agent.destroy() })
    const client = new IssuerClient({ name: 'CA', dispatcher: agent, trusted: 'any CA', secrets: () => ['hunter2-and-much-more'] })
    const error: any = await client.callJson({
      url: new URL(server.url), method: 'GET', headers: { authorization: 'Bearer hunter2-and-much-more' }, signal: new AbortController().signal
    }).catch((error) => error)
    t.match(error, { code: 'MTLS_ERR_ISSUER' })
    t.notMatch(error.message, /hunter2/)
  }
})
