import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { IssuedCertificate } from '@peerkit/dev-ca'
import { authoritiesIn } from '../authorities.ts'
import { callGlobex } from '../outbound.ts'
import type { Pki } from '../pki.ts'
import type { Transcript } from '../transcript.ts'
import { ahead } from './inbound.ts'

/** Step 9: whom we call. */
export async function outbound (pki: Pki, { title, line, expect }: Transcript): Promise<void> {
  title('9. Calls to Globex')
  const authorities = authoritiesIn(pki.folder, ahead)
  const names = { profile: 'server', dns: 'api.globex.example' } as const
  const ask = async ({ chain, key }: IssuedCertificate, trusted = authorities): Promise<string> => {
    const server = createServer(
      { cert: chain, key, ca: pki.internal.root, requestCert: true },
      (_request, response) => { response.end('in stock') }
    )
    await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
    try {
      return await callGlobex(pki.folder, trusted, `https://127.0.0.1:${(server.address() as AddressInfo).port}`)
    } catch (error) {
      const { code, reason, message } = (error as { cause: { code: string, reason: string, message: string } }).cause
      line(message)
      return `${code} ${reason}`
    } finally {
      server.close()
    }
  }
  expect('a server of Globex', await ask(await pki.globexApi.issue(names)), 'in stock')
  expect(
    "a server with a certificate from Acme's CA, which is for clients", await ask(await pki.acme.issue(names)),
    'MTLS_ERR_OUTBOUND_SERVER_UNTRUSTED unknown_ca'
  )
  expect(
    'a server of Globex for a name outside',
    await ask(await pki.globexApi.issue({ profile: 'server', dns: ['api.globex.example', 'ledger.prod.example'] })),
    'MTLS_ERR_OUTBOUND_SERVER_UNTRUSTED outside_authority'
  )
  const withoutDns = {
    ...authorities, 'globex-api': { ...authorities['globex-api']!, names: { subject: { o: 'Globex' } } }
  }
  expect(
    'the same server where its authority does not vouch for DNS names',
    await ask(await pki.globexApi.issue(names), withoutDns), 'MTLS_ERR_OUTBOUND_WRONG_SERVER host_name'
  )
}
