import { blockMemory, memoryCredentials } from '@peerkit/credentials'
import type { AuthorityMaterial, MemoryCredentials } from '@peerkit/credentials'
import { createDevCa } from '@peerkit/dev-ca'
import { test } from 'tap'
import { MtlsAgent } from '../src/index.ts'
import type { MtlsAgentOptions } from '../src/index.ts'
import { startServer } from '@peerkit/test-support/listen'
import { rejection } from '@peerkit/test-support/rejection'

const [ours, partner] = [await createDevCa({ name: 'Ours' }), await createDevCa({ name: 'Partner' })]
const client = await ours.issue({ cn: 'orders', profile: 'client' })
const base = { cert: client.chain, key: client.key }
const internal: AuthorityMaterial = { ca: ours.root, names: 'any' }
const api = (more: Partial<AuthorityMaterial> = {}): AuthorityMaterial => ({ ca: partner.root, for: 'servers', names: { dns: 'localhost', ip: '127.0.0.1', spiffe: 'spiffe://partner.example' }, ...more })

async function start (t: any, issue: object, authorities: Record<string, AuthorityMaterial>, options: Partial<MtlsAgentOptions> = {}): Promise<{ agent: MtlsAgent, ask: () => Promise<number>, origin: string, credentials: MemoryCredentials }> {
  const identity = await partner.issue({ cn: 'api', dns: 'localhost', ip: '127.0.0.1', ...issue })
  const listening = await startServer({ identity, ca: [ours.root, partner.root], rejectUnauthorized: true })
  const credentials = memoryCredentials({ ...base, authorities })
  const agent = new MtlsAgent({ credentials, ...options })
  t.teardown(async () => { await agent.close(); await listening.close() })
  const ask = async (): Promise<number> => {
    const { statusCode, body } = await agent.request({ origin: listening.origin, path: '/', method: 'GET' })
    await body.dump()
    return statusCode
  }
  return { agent, ask, origin: listening.origin, credentials }
}

test('a server is accepted by an authority for servers, within the names that this vouches for', async (t) => {
  const { ask, credentials } = await start(t, {}, { internal, api: api() })
  t.equal(await ask(), 200)
  credentials.update({ authorities: { internal, api: api({ names: { dns: 'localhost', ip: '10.0.0.0/8' } }) } })
  t.match(await rejection(ask()), { code: 'MTLS_ERR_OUTBOUND_SERVER_UNTRUSTED', reason: 'outside_authority', detail: { message: /IP address "127\.0\.0\.1", which is outside of what authority "api" vouches for/ } })
  credentials.update({ authorities: { internal, api: api({ for: 'clients' }) } })
  t.match(await rejection(ask()), { code: 'MTLS_ERR_OUTBOUND_SERVER_UNTRUSTED', reason: 'unknown_ca', message: /leads to the authority "api", which is for clients alone \(option for\)$/ }, 'a CA that was added for clients vouches for no server')
  credentials.update({ authorities: { internal, api: api() } })
  t.equal(await ask(), 200)
})

test('a host name that is not believed is none', async (t) => {
  const { ask } = await start(t, {}, { internal, api: api({ names: { spiffe: 'spiffe://partner.example' } }) })
  t.match(await rejection(ask()), { code: 'MTLS_ERR_OUTBOUND_WRONG_SERVER', reason: 'host_name', found: /\(authority "api" does not vouch for IP addresses\)/ })
  const byId = await start(t, { spiffe: 'spiffe://partner.example/api' }, { internal, api: api({ names: { spiffe: 'spiffe://partner.example' } }) }, { allowedServers: [{ spiffe: 'spiffe://partner.example/api' }] })
  t.equal(await byId.ask(), 200, 'a SPIFFE ID that is believed names the server')
})

test('a name of one kind that is believed stands for none of another kind', async (t) => {
  for (const [names, host, other] of [
    [{ dns: 'localhost' }, 'localhost', '127.0.0.1'], [{ ip: '127.0.0.1' }, '127.0.0.1', 'localhost']
  ] as const) {
    const { agent, origin } = await start(t, {}, { internal, api: api({ names }) })
    const ask = async (name: string): Promise<number> => {
      const url = new URL(origin)
      url.hostname = name
      const { statusCode, body } = await agent.request({ origin: url.origin, path: '/', method: 'GET' })
      await body.dump()
      return statusCode
    }
    t.equal(await ask(host), 200, host)
    const refused = { code: 'MTLS_ERR_OUTBOUND_WRONG_SERVER', reason: 'host_name', found: /does not vouch for/ }
    t.match(await rejection(ask(other)), refused, other)
  }
})

test('rules ask for the authority; one that nobody can satisfy is refused at once', async (t) => {
  const authorities = { internal, api: api() }
  const { ask } = await start(t, {}, authorities, { allowedServers: [{ authority: 'api' }] })
  t.equal(await ask(), 200)
  const wrong = await start(t, {}, authorities, { allowedServers: [{ authority: 'internal' }] })
  t.match(await rejection(wrong.ask()), { code: 'MTLS_ERR_OUTBOUND_WRONG_SERVER', reason: 'rules' })
  const make = (options: Partial<MtlsAgentOptions>, given: Record<string, AuthorityMaterial> = authorities) => () => new MtlsAgent({ credentials: memoryCredentials({ ...base, authorities: given }), ...options })
  t.throws(make({ allowedServers: [{ authority: 'apj' }] }), { code: 'MTLS_ERR_RULE_INVALID', reason: 'unknown_authority' })
  t.throws(make({ allowedServers: [{ authority: 'api', spiffe: 'spiffe://ours.example/x' }] }), { code: 'MTLS_ERR_RULE_INVALID', reason: 'never_matches' })
  t.doesNotThrow(make({ allowedServers: [{ authority: 'internal' }] }, { internal, api: api({ for: 'clients' }) }), 'one for servers is enough')
  t.throws(make({}, { clients: { ...internal, for: 'clients' } }), { code: 'MTLS_ERR_OUTBOUND_OPTION', message: /no authority of the credentials is for servers \("clients" for clients\)/ })
})

test('lists of an authority, and blocks, count for open connections', async (t) => {
  const identity = { serialNumber: '0a0b' }
  const block = blockMemory([])
  const { ask } = await start(t, identity, { internal, api: api() }, { block })
  t.equal(await ask(), 200)
  block.update([{ issuer: 'CN=Partner,O=Peerkit development CA\\, not for production', serialNumber: '0a:0b', reason: 'leaked' }])
  t.match(await rejection(ask()), { code: 'MTLS_ERR_OUTBOUND_SERVER_UNTRUSTED', reason: 'blocked', detail: { message: /is blocked by .*leaked/ } })
  block.update([])
  t.equal(await ask(), 200)
  await partner.revoke('0a0b')
  const crl = (await partner.crl()).pem
  const revoked = await start(t, identity, { internal, api: api({ crl }) })
  t.match(await rejection(revoked.ask()), { code: 'MTLS_ERR_OUTBOUND_SERVER_REVOKED', reason: 'revoked' })
})

test('a certificate of ours that servers refuse is told before it is used, once', async (t) => {
  const own = await ours.issue({ cn: 'web', profile: 'server' })
  const warnings: Error[] = []
  const listen = (warning: Error): void => { warnings.push(warning) }
  process.on('warning', listen)
  t.teardown(() => { process.off('warning', listen) })
  const agents = [1, 2].map(() => new MtlsAgent({ credentials: memoryCredentials({ cert: own.chain, key: own.key, ca: ours.root }) }))
  agents.push(new MtlsAgent({ credentials: memoryCredentials({ ...base, ca: ours.root }) }))
  await new Promise((resolve) => { setImmediate(resolve) })
  t.match(warnings.filter((warning) => (warning as { code?: string }).code === 'MTLS_WARN_OWN_PURPOSE'), [{ message: /^The client certificate CN=web .* lacks clientAuth/ }])
  t.equal(warnings.length, 1)
  for (const agent of agents) await agent.close()
})
