import type { CredentialSource } from '@peerkit/credentials'
import type { startCaller } from './caller.ts'
import type { startLedger } from './ledger.ts'
import type { Transcript } from './transcript.ts'
import type { World } from './world.ts'

/** The ledger, and all who call it. */
export interface Services {
  readonly ledger: Awaited<ReturnType<typeof startLedger>>
  readonly orders: Awaited<ReturnType<typeof startCaller>>
  readonly intern: Awaited<ReturnType<typeof startCaller>>
}

export async function callSteps ({ ledger, orders, intern }: Services, { title, expect }: Transcript): Promise<void> {
  title('1. Who may call whom')
  const entry = await orders.call(ledger.origin, 'POST')
  expect('orders writes', entry, '200 entry 1 by spiffe://prod.example/orders, of the authority internal')
  expect('intern reads', await intern.call(ledger.origin), '403 MTLS_ERR_CLIENT_NOT_ALLOWED')
}

export async function renewalStep (services: Services, transcript: Transcript): Promise<void> {
  transcript.title('2. The certificate of the ledger is renewed while calls go on')
  await callUntilRenewed(services, transcript)
}

export async function outageStep ({ bao }: World, services: Services, transcript: Transcript): Promise<void> {
  const { title, line, expect } = transcript
  const { credentials, origin } = services.ledger
  title('3. OpenBao is killed, and a renewal fails. Then it is started again')
  const refused = nextChange(credentials, 'refused')
  await bao.kill()
  line(`the ledger says: ${shorten(await refused)}`)
  expect('orders reads', await services.orders.call(origin), '200 1 entries')
  const recovered = nextChange(credentials, 'recovered')
  await bao.start()
  await recovered
  expect('orders reads', await services.orders.call(origin), '200 1 entries')
}

export async function revocationStep ({ pki }: World, services: Services, transcript: Transcript): Promise<void> {
  const { title, line, expect } = transcript
  const { ledger: { origin }, orders } = services
  title('4. The certificate of orders is revoked at OpenBao')
  const start = performance.now()
  await pki.revoke(String(orders.credentials.current.identity.serialNumber))
  let answer = ''
  do answer = await orders.call(origin); while (answer === '200 1 entries')
  line(`cut off ${Math.round(performance.now() - start)} ms after the revocation`)
  expect('orders, on its open connection', answer, /^(401 MTLS_ERR_PEER_NO_LONGER_TRUSTED|MTLS_ERR_\w+|UND_ERR_SOCKET)$/)
  await orders.credentials.refresh()
  expect('orders, with a new certificate', await orders.call(origin), '200 1 entries')
}

async function callUntilRenewed ({ ledger, orders }: Services, { line, expect }: Transcript): Promise<void> {
  const { origin, credentials } = ledger
  const { serialNumber } = credentials.current.identity
  let calls = 0
  for (; credentials.current.identity.serialNumber === serialNumber; calls += 1) {
    const answer = await orders.call(origin)
    if (answer !== '200 1 entries') throw new Error(`A call was lost: ${answer}`)
  }
  line(`${calls} calls of orders were answered meanwhile`)
  expect('the ledger has a new certificate', credentials.current.identity.serialNumber ?? '', /^[0-9a-f]+$/)
}

async function nextChange (source: CredentialSource, type: 'refused' | 'recovered'): Promise<Error | undefined> {
  return await new Promise((resolve) => {
    const end = source.subscribe((change) => {
      if (change.type !== type) return
      end()
      resolve(change.type === 'refused' ? change.error : undefined)
    })
  })
}

function shorten (error: Error | undefined): string { return String(error?.message).replace(/^.*No certificate: /, '') }
