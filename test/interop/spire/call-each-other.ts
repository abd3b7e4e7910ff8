// What every SPIRE is asked for, however it is set up.
import type { Test } from 'tap'
import { nextChange } from './changes.ts'
import { call, startCaller, startService } from './service.ts'
import type { Spire } from './world.ts'

const LEDGER = 'spiffe://prod.example/ledger'
const ORDERS = 'spiffe://prod.example/orders'

/** A workload of each SPIRE calls one of the other, before a rotation and after it. Gives the length of the ledger's chain. */
export async function callEachOther (t: Test, one: Spire, other: Spire = one): Promise<number> {
  await one.server.register('/ledger')
  await other.server.register('/orders')
  const [ledger, orders] = await Promise.all([one.credentials('/ledger'), other.credentials('/orders')])
  const { origin } = await startService(t, ledger, [{ spiffe: ORDERS, authority: 'prod.example' }])
  const ofOrders = await startService(t, orders, [{ spiffe: LEDGER, authority: 'prod.example' }])
  const agents = [startCaller(t, orders, LEDGER), startCaller(t, ledger, ORDERS)] as const
  const answers = async (): Promise<readonly string[]> => await Promise.all([call(agents[0], origin, true), call(agents[1], ofOrders.origin, true)])
  const expected = [`${ORDERS} by prod.example`, `${LEDGER} by prod.example`]
  t.same(await answers(), expected)
  await Promise.all([nextChange(ledger, 'rotated'), nextChange(orders, 'rotated')])
  t.same(await answers(), expected)
  t.same([...ledger.current.warnings, ...orders.current.warnings], [])
  return 1 + ledger.current.intermediates.length
}
