import { test } from 'tap'
import { MtlsAgent, getServerIdentity } from '../src/index.ts'
import { LEDGER, createLedger } from '@peerkit/test-support/ledger'
import { startServer } from '@peerkit/test-support/listen'

const { server, credentials } = await createLedger()

test('request and fetch reach the server that is meant, and say who it was', async (t) => {
  const ledger = await startServer({ identity: server })
  const agent = new MtlsAgent({ credentials, allowedServers: [{ spiffe: LEDGER }] })
  t.teardown(async () => { await agent.close(); await ledger.close() })
  const response = await agent.request({ origin: ledger.origin, path: '/entries', method: 'GET' })
  t.equal(await response.body.text(), '/entries')
  t.equal(getServerIdentity(response)?.spiffeId, LEDGER)
  const fetched = await agent.fetch(`${ledger.origin}/fetched`)
  t.equal(await fetched.text(), '/fetched')
  t.equal(getServerIdentity(fetched)?.spiffeId, LEDGER)
  const builtIn = await fetch(`${ledger.origin}/built-in`, { dispatcher: agent } as any)
  t.equal(await builtIn.text(), '/built-in')
  t.equal(getServerIdentity(builtIn), undefined)
})

test('says who must answer at an origin, without calling it', async (t) => {
  const agent = new MtlsAgent({
    credentials,
    origins: { 'https://ledger.internal:8443': { allowedServers: [{ spiffe: LEDGER }] }, 'https://named.internal': { servername: 'other.internal' }, 'https://[::1]:1': {} }
  })
  t.teardown(async () => { await agent.close() })
  t.equal(agent.describeServers('https://ledger.internal:8443'), `SPIFFE ID is "${LEDGER}"`)
  t.equal(agent.describeServers('https://named.internal'), 'a certificate for other.internal')
  t.equal(agent.describeServers('https://[::1]:1'), 'a certificate for ::1')
  t.throws(() => agent.describeServers('https://elsewhere.internal'), { code: 'MTLS_ERR_OUTBOUND_ORIGIN' })
  t.throws(() => agent.describeServers('https://ledger.internal:8443/path'), { code: 'MTLS_ERR_OUTBOUND_OPTION' })
})
