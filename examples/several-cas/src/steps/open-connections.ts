import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import fastifyMtls, { withMtls } from '@peerkit/fastify-mtls'
import Fastify from 'fastify'
import { call, keepConnection } from '../call.ts'
import type { Pki } from '../pki.ts'
import { rotatingTrust } from '../rotation.ts'
import type { Transcript } from '../transcript.ts'

/** Step 4: what a change of an authority does to connections that are open. */
export async function openConnections (pki: Pki, { title, expect }: Transcript): Promise<void> {
  title('4. Widen, narrow, remove')
  const trust = rotatingTrust(pki)
  const app = Fastify(withMtls(trust.credentials))
  await app.register(fastifyMtls)
  app.get('/', async ({ peer }) => peer.authority)
  await app.listen({ host: '127.0.0.1', port: 0 })
  const ended: string[] = []
  const note = (message: unknown): void => { ended.push((message as { reason: string }).reason) }
  subscribe('peerkit:connection:ended', note)

  const ca = pki.internal.root
  const ours = await pki.internal.issue({ profile: 'client', spiffe: 'spiffe://prod.example/ns/shop/sa/orders' })
  const theirs = await pki.acme.issue({ profile: 'client', spiffe: 'spiffe://acme.example/ns/web' })
  const batch = await pki.acme.issue({ profile: 'client', spiffe: 'spiffe://acme.example/ns/batch' })
  const agents = [ours, theirs, batch].map((client) => ({ client, agent: keepConnection() }))
  const askAll = async (): Promise<string> => {
    const answers = await Promise.all(
      agents.map(async ({ client, agent }) => (await call(app.listeningOrigin, { client, ca, agent })).slice(0, 3))
    )
    return `internal ${answers.join(', acme/web ').replace(/, acme\/web (?=[^,]*$)/, ', acme/batch ')}`
  }
  expect('before', await askAll(), 'internal 200, acme/web 200, acme/batch 200')
  trust.widen()
  expect('names that grow end nothing', await askAll(), 'internal 200, acme/web 200, acme/batch 200')
  trust.narrow()
  expect('names that shrink end what is outside', await askAll(), 'internal 200, acme/web 401, acme/batch 200')
  trust.remove()
  expect('an authority that goes ends all of its own', await askAll(), /^internal 200, acme\/web ref, acme\/batch 401$/)
  expect('the reasons in the log', ended.join(', '), 'outside_authority, ca_removed')

  unsubscribe('peerkit:connection:ended', note)
  for (const { agent } of agents) agent.destroy()
  await app.close()
  await trust.credentials.close()
}
