import { test } from 'tap'
import { acmeIssuer } from '@peerkit/issuers/acme'
import { issuerCases } from '@peerkit/issuers/test'
import type { IssuerHarness } from '@peerkit/issuers/test'
import { AcmeServer, problem } from './support/acme-server.ts'
import { ACCOUNT, dnsOf } from './support/world.ts'

/** The CA of a case answers where an ACME server would issue. */
const harness: IssuerHarness = async (world) => {
  const server = await AcmeServer.start()
  let lost: string | undefined
  server.says = async ({ step, payload }) => {
    if (step !== 'finalize') return undefined
    // The client asks again within one call. An order has one certificate.
    if (payload.csr === lost) return 'drop'
    const answer = await world.answer(Buffer.from(payload.csr, 'base64url'))
    switch (answer.type) {
      case 'dropped':
        lost = payload.csr
        return 'drop'
      case 'garbage': return { body: answer.text }
      case 'unavailable': return { status: 503 }
      case 'rate_limited':
        return { status: 429, body: problem('rateLimited', 'too many'), headers: { 'retry-after': String(answer.retryAfter) } }
      case 'issued':
        server.sign = async () => [answer.leaf, ...answer.intermediates].join('')
        return undefined
    }
  }
  const issuer = acmeIssuer({
    directory: server.directory,
    names: { dns: ['kit.example'] },
    account: ACCOUNT,
    challenges: { dns01: dnsOf(server) },
    clock: () => world.clock.now()
  })
  return { issuer, givesCa: false, close: async () => { await server.close() } }
}

for (const { name, run } of issuerCases) test(`acme: ${name}`, async () => { await run(harness) })
