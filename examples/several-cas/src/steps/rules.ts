import { fileCredentials } from '@peerkit/credentials'
import fastifyAllowedClients from '@peerkit/fastify-allowed-clients'
import fastifyMtls, { withMtls } from '@peerkit/fastify-mtls'
import Fastify from 'fastify'
import { join } from 'node:path'
import { authoritiesIn } from '../authorities.ts'
import type { Pki } from '../pki.ts'
import type { Transcript } from '../transcript.ts'
import { ahead } from './inbound.ts'

/** Step 3: rules that are refused, or warned of, when the service starts. */
export async function wrongRules ({ folder }: Pki, { title, line, expect }: Transcript): Promise<void> {
  title('3. Rules that cannot be meant')
  const tryRule = async (rule: object): Promise<string> => {
    const lines: string[] = []
    const credentials = await fileCredentials({
      cert: join(folder, 'ledger.pem'),
      key: join(folder, 'ledger.key'),
      authorities: authoritiesIn(folder, ahead),
      watch: false
    })
    const app = Fastify(withMtls(
      credentials,
      { logger: { level: 'warn', stream: { write: (text: string) => { lines.push(JSON.parse(text).msg) } } } }
    ))
    try {
      await app.register(fastifyMtls)
      await app.register(fastifyAllowedClients)
      app.get('/', { config: { allowedClients: [rule as never] } }, async () => '')
      await app.ready()
      return `starts, and warns: ${lines.join(' ')}`
    } catch (error) {
      return `does not start: ${(error as Error).message}`
    } finally {
      await app.close()
      await credentials.close()
    }
  }
  for (const [rule, expected] of [
    [{ spiffe: 'spiffe://acme.example/**', authority: 'acne' }, 'does not start'],
    [{ dns: 'api.globex.example', authority: 'globex-api' }, 'does not start'],
    [{ ou: 'billing', authority: 'acme' }, 'does not start'],
    [{ spiffe: 'spiffe://initech.example/**' }, 'does not start'],
    [{ authority: 'acme', not: { ou: 'suspended' } }, 'does not start'],
    [{ dns: '*.globex.example' }, 'starts, and warns'],
    [{ authority: ['internal', 'acme'], not: { ou: 'suspended' } }, 'starts, and warns']
  ] as const) {
    const [outcome = '', ...message] = (await tryRule(rule)).split(': ')
    expect(JSON.stringify(rule), outcome, expected)
    line(`     ${message.join(': ')}`)
  }
}
