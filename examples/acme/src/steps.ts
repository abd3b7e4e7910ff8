import type { startCaller } from './caller.ts'
import type { startLedger } from './ledger.ts'
import type { Transcript } from './transcript.ts'

/** Everybody who runs. */
export interface Services {
  readonly ledger: Awaited<ReturnType<typeof startLedger>>
  readonly orders: Awaited<ReturnType<typeof startCaller>>
  readonly intern: Awaited<ReturnType<typeof startCaller>>
}

export async function certificateStep ({ ledger }: Services, { title, expect }: Transcript): Promise<void> {
  title('1. The first certificate')
  const { identity } = ledger.credentials.current
  expect('the issuer', ledger.issuer.name, /^the ACME server 127\.0\.0\.1:\d+$/)
  expect('names of the certificate', String(identity.subjectAltNames?.dns), 'localhost')
  expect('issued by', String(identity.issuer), /^CN=Pebble Intermediate CA/)
}

export async function callStep ({ ledger, orders, intern }: Services, { title, expect }: Transcript): Promise<void> {
  title('2. Who may call')
  expect('orders reads', await orders.call(ledger.origin), '200 entries for CN=orders')
  expect('intern reads', await intern.call(ledger.origin), '403 MTLS_ERR_CLIENT_NOT_ALLOWED')
}

export async function renewalStep ({ ledger, orders }: Services, { title, line, expect }: Transcript): Promise<void> {
  title('3. A renewal: the certificate is valid for 15 seconds')
  const { origin, credentials } = ledger
  const { serialNumber } = credentials.current.identity
  let calls = 0
  for (; credentials.current.identity.serialNumber === serialNumber; calls += 1) {
    const answer = await orders.call(origin)
    if (answer !== '200 entries for CN=orders') throw new Error(`A call was lost: ${answer}`)
  }
  line(`${calls} calls of orders were answered meanwhile`)
  expect('the ledger has a new certificate', credentials.current.identity.serialNumber ?? '', /^[0-9a-f]+$/)
  expect('orders reads', await orders.call(origin), '200 entries for CN=orders')
}
