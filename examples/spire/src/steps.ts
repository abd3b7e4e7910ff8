import type { Services } from './services.ts'
import type { Transcript } from './transcript.ts'
import type { World } from './world.ts'

export async function callSteps (services: Services, { title, expect }: Transcript): Promise<void> {
  const { orders, shop, intern, wrong, ledger: { origin } } = services
  title('1. Who may call whom')
  const entry = await orders.call(origin, 'POST')
  expect('orders writes an entry', entry, '200 entry 1 by spiffe://prod.example/orders')
  expect('shop, of the partner, reads', await shop.call(origin), '200 1 entries')
  expect('shop writes', await shop.call(origin, 'POST'), '403 MTLS_ERR_CLIENT_NOT_ALLOWED')
  expect('intern reads', await intern.call(origin), '403 MTLS_ERR_CLIENT_NOT_ALLOWED')
  expect('orders meets the ledger, expects payroll', await wrong.call(origin), 'MTLS_ERR_OUTBOUND_WRONG_SERVER')
}

export async function rotationStep ({ orders, ledger }: Services, { title, line, expect }: Transcript): Promise<void> {
  title('2. A rotation: SPIRE renews the certificate of the ledger while calls go on')
  const { origin, credentials } = ledger
  const { serialNumber } = credentials.current.identity
  let calls = 0
  for (; credentials.current.identity.serialNumber === serialNumber; calls++) {
    const answer = await orders.call(origin)
    if (answer !== '200 1 entries') throw new Error(`A call was lost: ${answer}`)
  }
  line(`${calls} calls of orders were answered meanwhile`)
  expect('the ledger has a new certificate', credentials.current.identity.serialNumber ?? '', /^[0-9a-f]+$/)
  expect('orders reads', await orders.call(origin), '200 1 entries')
}

export async function federationStep (
  { prod }: World, { orders, shop, ledger }: Services, { title, expect }: Transcript
): Promise<void> {
  title('3. The federation ends: prod.example removes the bundle of partner.example')
  const { origin, credentials } = ledger
  const isAlone = Promise.withResolvers<void>()
  credentials.subscribe(({ snapshot }) => { if (snapshot.authorities.length === 1) isAlone.resolve() })
  await prod.server.command('bundle', 'delete', '-id', 'spiffe://partner.example', '-mode', 'dissociate')
  await isAlone.promise
  expect('shop, on its open connection', await shop.call(origin), '401 MTLS_ERR_PEER_NO_LONGER_TRUSTED')
  expect('shop connects again', await shop.call(origin), /^(MTLS_ERR_OUTBOUND_\w+|UND_ERR_SOCKET)$/)
  expect('orders reads', await orders.call(origin), '200 1 entries')
}
