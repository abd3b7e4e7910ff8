import { MtlsAgent } from '@peerkit/undici-mtls'
import { podCredentials } from './identity.ts'

const { LEDGER = 'https://ledger.prod.svc.cluster.local:8443' } = process.env

// A job that calls the ledger once. It sends no byte to a server that is not the ledger.
const credentials = await podCredentials()
const agent = new MtlsAgent({
  credentials, allowedServers: { spiffe: 'spiffe://cluster.example/ns/prod/sa/ledger' }
})
const { statusCode, body } = await agent.request({ origin: LEDGER, path: '/entries', method: 'GET' })
console.log(statusCode, await body.text())
await agent.close()
await credentials.close()
process.exitCode = statusCode === 200 ? 0 : 1
