import { startCaller } from './caller.ts'
import { startLedger } from './ledger.ts'
import type { World } from './world.ts'

export type Services = Awaited<ReturnType<typeof startServices>>

/** The ledger, and all who call it. */
export async function startServices ({ prod, partner }: Pick<World, 'prod' | 'partner'>) {
  const sockets = { prod: prod.agent.address, partner: partner.agent.address }
  const [ledger, orders, intern, shop, wrong] = await Promise.all([
    startLedger(sockets.prod),
    startCaller(sockets.prod, 'spiffe://prod.example/orders'),
    startCaller(sockets.prod, 'spiffe://prod.example/intern'),
    startCaller(sockets.partner, 'spiffe://partner.example/shop'),
    // Takes another server for the ledger.
    startCaller(sockets.prod, 'spiffe://prod.example/orders', 'spiffe://prod.example/payroll')
  ])
  async function close (): Promise<void> {
    await Promise.all([orders, intern, shop, wrong].map(async (caller) => { await caller.close() }))
    await ledger.app.close()
  }
  return { ledger, orders, intern, shop, wrong, close }
}
