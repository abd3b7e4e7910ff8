import { setTimeout } from 'node:timers/promises'
import { authoritiesIn } from '../authorities.ts'
import { call, keepConnection } from '../call.ts'
import type { Pki } from '../pki.ts'
import { startService } from '../service.ts'
import type { Transcript } from '../transcript.ts'
import { ahead } from './inbound.ts'

/** Step 5: each authority has its own lists and its own policy. */
export async function lists (pki: Pki, { title, line, expect }: Transcript): Promise<void> {
  title('5. Lists of revoked certificates')
  const ca = pki.internal.root
  const lines: string[] = []
  const ended = { thisUpdate: new Date(Date.now() - 7_200_000), nextUpdate: new Date(Date.now() - 3_600_000) }
  await pki.place('acme.crl', (await pki.acme.crl(ended)).pem)
  await pki.place('globex.crl', (await pki.globex.crl(ended)).pem)
  const service = await startService(pki.folder, authoritiesIn(pki.folder, ahead), (text) => { lines.push(text) })
  const batch = await pki.acme.issue({ profile: 'client', spiffe: 'spiffe://acme.example/batch' })
  const stock = await pki.globex.issue({ profile: 'client', o: 'Globex', dns: 'stock.globex.example' })
  expect("Acme's list has ended, 'hard'", await call(`${service.origin}/entries`, { client: batch, ca }), /^refused/)
  line(lines.map((text) => JSON.parse(text))
    .filter(({ reason }) => reason !== undefined)
    .map(({ reason, why, detail }) => JSON.stringify({ reason, why, detail }))
    .at(-1) ?? '')
  expect("Globex's list has ended, 'soft'", await call(`${service.origin}/entries`, { client: stock, ca }), /^200/)

  await pki.place('acme.crl', (await pki.acme.crl()).pem)
  await setTimeout(500)
  const agent = keepConnection()
  const ask = async (): Promise<string> => await call(`${service.origin}/entries`, { client: batch, ca, agent })
  expect('a new list of Acme', await ask(), /^200/)
  pki.acme.revoke(batch)
  await pki.place('acme.crl', (await pki.acme.crl()).pem)
  await setTimeout(500)
  expect("Acme's next list names the client: its open connection", await ask(), /^401|^refused/)
  await pki.place('globex.crl', (await pki.globex.crl()).pem)
  agent.destroy()
  await service.close()
}
