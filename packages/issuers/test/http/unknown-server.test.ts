// A server whose certificate is of an unknown CA. Each issuer says which option decides that.
import { join } from 'node:path'
import { test } from 'tap'
import { memoryCredentials, renewingCredentials } from '@peerkit/credentials'
import type { CertificateIssuer } from '@peerkit/credentials'
import { createDevCa } from '@peerkit/dev-ca'
import { acmeIssuer } from '@peerkit/issuers/acme'
import { customIssuer } from '@peerkit/issuers/custom'
import { kubernetesIssuer } from '@peerkit/issuers/kubernetes'
import { vaultIssuer } from '@peerkit/issuers/vault'
import { rejection } from '@peerkit/test-support/rejection'
import { Agent } from 'undici'
import { describeFailure } from '../../src/http/describe-failure.ts'
import { startStandIn } from '../support/https-server.ts'
import { ACCOUNT } from '../acme/support/world.ts'

test('a server of an unknown CA: the error names the option, and not one of Node', async (t) => {
  const { url, close } = await startStandIn(() => ({ body: {} }))
  t.teardown(close)
  const { root: ca, issue } = await createDevCa()
  const agent = new Agent({ connect: { ca } })
  t.teardown(async () => { await agent.close() })
  const own = await issue()
  const credentials = memoryCredentials({ cert: own.chain, key: own.key, ca })
  t.teardown(async () => { await credentials.close() })
  const serviceAccount = t.testdir({ token: 'a.b.c', 'ca.crt': ca })
  const names = { dns: ['ledger.example'] }
  const custom = { url, names, request: () => ({}), read: () => ({ cert: '' }) }
  const acme = { directory: url, names, account: ACCOUNT, challenges: { dns01: { async set () {}, async remove () {} } } }
  const vault = { url, names, role: 'ledger', auth: { token: () => 's.token' } }
  const cases: ReadonlyArray<readonly [CertificateIssuer, string]> = [
    [customIssuer(custom), 'a public CA, or an agent in the option agent that trusts another one'],
    [customIssuer({ ...custom, agent }), 'a CA that the option agent trusts'],
    [acmeIssuer(acme), 'a CA of the option ca, or a public CA'],
    [acmeIssuer({ ...acme, ca }), 'a CA of the option ca'],
    [acmeIssuer({ ...acme, agent }), 'a CA that the option agent trusts'],
    [vaultIssuer(vault), 'a CA of the option ca, or a public CA'],
    [vaultIssuer({ ...vault, ca }), 'a CA of the option ca'],
    [vaultIssuer({ ...vault, agent }), 'a CA that the option agent trusts'],
    [kubernetesIssuer({ url, names, signerName: 'mesh.example/service', serviceAccount }), `a CA of ${join(serviceAccount, 'ca.crt')}`]
  ]
  for (const [issuer, expected] of cases) {
    const { cause } = await rejection(renewingCredentials(issuer, { ca, attempts: 1 }))
    t.match(cause, { code: 'MTLS_ERR_ISSUER', reason: 'unreachable' }, expected)
    const { message } = cause as Error
    t.ok(message.endsWith(`: the certificate of the server leads to no trusted CA (UNABLE_TO_VERIFY_LEAF_SIGNATURE); expected ${expected}`), message)
  }
})

test('any other failure keeps its words', async (t) => {
  t.equal(describeFailure(new Error('connect ECONNREFUSED 127.0.0.1:9'), 'a public CA'), 'connect ECONNREFUSED 127.0.0.1:9')
  t.match(describeFailure(undefined, 'a public CA'), /./)
})
