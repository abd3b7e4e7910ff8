import { setTimeout } from 'node:timers/promises'
import { authoritiesIn } from '../authorities.ts'
import { call, keepConnection } from '../call.ts'
import type { Pki } from '../pki.ts'
import { startService } from '../service.ts'
import type { Transcript } from '../transcript.ts'
import { startOneList } from './one-list.ts'

/** A day that is always ahead, so that the example outlives the day in the guide. */
export const ahead = new Date(Date.now() + 30 * 86_400_000).toISOString().slice(0, 10)

const ORDERS = 'spiffe://prod.example/ns/shop/sa/orders'

/** Step 1: CAs in one list may all issue each other's names. */
export async function strangers (pki: Pki, { title, expect }: Transcript): Promise<void> {
  title('1. Why: all CAs in one list')
  const service = await startOneList(pki)
  const ca = pki.internal.root
  const forged = await pki.acme.issue({ profile: 'client', spiffe: ORDERS })
  expect(
    `a certificate of Acme's CA that says ${ORDERS}`, await call(`${service.origin}/entries`, { client: forged, ca }),
    /^200/
  )
  await service.close()
}

/** Steps 1 to 3: each authority vouches for its own names. */
export async function ownNames (pki: Pki, { title, line, expect }: Transcript): Promise<void> {
  title('2. The same with named authorities')
  const lines: string[] = []
  const service = await startService(pki.folder, authoritiesIn(pki.folder, ahead), (text) => { lines.push(text) })
  const ca = pki.internal.root
  const ask = async (client: Awaited<ReturnType<Pki['acme']['issue']>>): Promise<string> =>
    await call(`${service.origin}/entries`, { client, ca })
  expect(
    'our orders',
    await ask(await pki.internal.issue({ profile: 'client', spiffe: ORDERS })),
    '200 {"authority":"internal","notBelieved":["uri","email","ip","upn","policy",' +
      '"registeredId","qualified","admission","extension"]}'
  )
  expect(
    'our orders, certificate below the old root',
    await ask(await pki.internalOld.issue({ profile: 'client', spiffe: ORDERS })),
    /^200 \{"authority":"internal"/
  )
  expect(
    "Acme's batch",
    await ask(await pki.acme.issue({ profile: 'client', spiffe: 'spiffe://acme.example/batch' })),
    /^200 \{"authority":"acme"/
  )
  expect(
    'Globex',
    await ask(await pki.globex.issue({ profile: 'client', o: 'Globex', dns: 'stock.globex.example' })),
    /^200 \{"authority":"globex"/
  )
  expect(
    'a certificate of Acme that says it is our orders',
    await ask(await pki.acme.issue({ profile: 'client', cn: 'x', spiffe: ORDERS })),
    /^refused/
  )
  line(refusal(lines))
  expect(
    'a certificate of Acme that says O=Globex beside its own name',
    await ask(await pki.acme.issue({ profile: 'client', o: 'Globex', spiffe: 'spiffe://acme.example/batch' })),
    /^200 .*"notBelieved":\["subject"/
  )
  await service.close()
}

/** Step 4: a rollover in files. */
export async function rollover (pki: Pki, { title, expect }: Transcript): Promise<void> {
  title('4. The rollover ends: the old root leaves internal.pem')
  const service = await startService(pki.folder, authoritiesIn(pki.folder, ahead), () => {})
  const ca = pki.internal.root
  const [oldAgent, newAgent] = [keepConnection(), keepConnection()]
  const below = async (issuer: Pki['internal']): Promise<Awaited<ReturnType<Pki['internal']['issue']>>> =>
    await issuer.issue({ profile: 'client', spiffe: ORDERS })
  const [oldClient, newClient] = [await below(pki.internalOld), await below(pki.internal)]
  const askOld = async (): Promise<string> =>
    await call(`${service.origin}/entries`, { client: oldClient, ca, agent: oldAgent })
  const askNew = async (): Promise<string> =>
    await call(`${service.origin}/entries`, { client: newClient, ca, agent: newAgent })
  expect('a client below the old root', await askOld(), /^200/)
  expect('a client below the new root', await askNew(), /^200/)
  await pki.place('internal.pem', pki.internal.root)
  await setTimeout(500)
  expect('the open connection below the old root', await askOld(), /^401|^refused/)
  expect('the open connection below the new root', await askNew(), /^200/)
  oldAgent.destroy()
  newAgent.destroy()
  await service.close()
}

/** Step 6: a certificate for servers alone. */
export async function untilADay (pki: Pki, { title, line, expect }: Transcript): Promise<void> {
  title('6. A certificate for servers alone, from a public CA')
  const lines: string[] = []
  const service = await startService(pki.folder, authoritiesIn(pki.folder, ahead), (text) => { lines.push(text) })
  const ca = pki.internal.root
  const shop = await pki.publicCa.issue({ profile: 'server', dns: 'shop.globex.example' })
  expect(
    'shop.globex.example', await call(`${service.origin}/entries`, { client: shop, ca }), /^200 \{"authority":"public"/
  )
  line(refusal(lines).replace(ahead, '2027-03-15'))
  const other = await pki.publicCa.issue({ profile: 'server', dns: 'www.other.example' })
  expect('anybody else of that CA', await call(`${service.origin}/entries`, { client: other, ca }), /^refused/)
  expect('the same from an authority without serverAuthOnly', await call(
    `${service.origin}/entries`,
    { client: await pki.globex.issue({ profile: 'server', o: 'Globex', dns: 'a.globex.example' }), ca }
  ), /^refused/)
  line(refusal(lines))
  await service.close()
}

/** Step 7: one client, at once. */
export async function blocking (pki: Pki, { title, line, expect }: Transcript): Promise<void> {
  title('7. Block one client now')
  const lines: string[] = []
  const service = await startService(pki.folder, authoritiesIn(pki.folder, ahead), (text) => { lines.push(text) })
  const ca = pki.internal.root
  const agent = keepConnection()
  const client = await pki.acme.issue({ profile: 'client', spiffe: 'spiffe://acme.example/batch' })
  const ask = async (): Promise<string> => await call(`${service.origin}/entries`, { client, ca, agent })
  expect("Acme's batch", await ask(), /^200/)
  await pki.place(
    'block.yaml', 'version: 1\nblock:\n  - spiffe: spiffe://acme.example/batch\n    reason: key was on a lost laptop\n'
  )
  await setTimeout(500)
  expect('the same, on its open connection', await ask(), /^401|^refused/)
  expect('the same, anew', await ask(), /^refused/)
  line(refusal(lines))
  await pki.place('block.yaml', 'version: 1\nblock: []\n')
  agent.destroy()
  await service.close()
}

/** The last line of the log that is worth showing. */
function refusal (lines: readonly string[]): string {
  const { msg, reason, detail, authority, acceptUntil } = JSON.parse(lines.at(-1) ?? '{}')
  return JSON.stringify({ msg, reason, detail, authority, acceptUntil })
}
