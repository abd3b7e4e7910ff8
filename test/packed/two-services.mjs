// A user's program, in plain JavaScript: two services over mutual TLS from the installed tarballs.
import Fastify from 'fastify'
import { createDevCa } from '@peerkit/dev-ca'
import { memoryCredentials } from '@peerkit/credentials'
import fastifyMtls, { withMtls } from '@peerkit/fastify-mtls'
import fastifyAllowedClients from '@peerkit/fastify-allowed-clients'
import fastifyMtlsClient from '@peerkit/fastify-mtls-client'
import { MtlsAgent } from '@peerkit/undici-mtls'
import { request } from 'undici'

const ca = await createDevCa()
const of = async (issuer, options) => {
  const { chain, key } = await issuer.issue(options)
  return memoryCredentials({ cert: chain, key, ca: ca.root })
}
const ledgerCredentials = await of(ca, { cn: 'ledger', ip: '127.0.0.1', spiffe: 'spiffe://packed.example/ledger' })
const ordersCredentials = await of(ca, { cn: 'orders', ip: '127.0.0.1', spiffe: 'spiffe://packed.example/orders' })

const ledger = Fastify(withMtls(ledgerCredentials))
await ledger.register(fastifyMtls)
await ledger.register(fastifyAllowedClients, { groups: { orders: { spiffe: 'spiffe://packed.example/orders' } } })
ledger.get('/', { config: { allowedClients: ['orders'] } }, async (req) => ({ caller: req.peer.spiffeId }))
const origin = await ledger.listen({ host: '127.0.0.1', port: 0 })

const orders = Fastify(withMtls(ordersCredentials))
await orders.register(fastifyMtlsClient, { credentials: ordersCredentials, services: { ledger: { origin, allowedServers: [{ spiffe: 'spiffe://packed.example/ledger' }] } } })
await orders.ready()

const allowed = await orders.mtlsServices.ledger.request({ path: '/' })
const { caller } = await allowed.body.json()
if (caller !== 'spiffe://packed.example/orders') throw new Error(`caller is ${caller}`)
console.log('allowed', allowed.statusCode)

const call = async (credentials) => {
  const dispatcher = new MtlsAgent({ credentials })
  try {
    const { statusCode, body } = await request(origin, { dispatcher })
    return `denied ${statusCode} ${(await body.json()).code}`
  } catch {
    return 'refused'
  } finally {
    await dispatcher.close()
  }
}
console.log(await call(await of(ca, { cn: 'nobody', profile: 'client' })))
const strangers = await createDevCa({ name: 'Strangers' })
console.log(await call(await of(strangers, { cn: 'stranger', profile: 'client' })))

await orders.close()
await ledger.close()
console.log('done')
