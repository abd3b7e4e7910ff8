import type { Client } from './clients.ts'
import type { Cell } from './plan.ts'
import type { Served } from './worker.ts'
import type { World } from './world.ts'

export interface Measured extends Cell, Served {
  /** Of each call: its status, or its error. */
  readonly words: readonly string[]
  /** How many connections the client made. */
  readonly connections: number
}

/** Lets one client make the calls of its cells, one after the other. */
export async function measure (world: World, client: Client, cells: readonly Cell[]): Promise<Measured[]> {
  const measured: Measured[] = []
  try {
    for (const cell of cells) {
      const balancer = await world.balancer(cell)
      const words = await client.call(`https://localhost:${balancer.port}/`, await world.material(cell))
      measured.push({ ...cell, words, ...await world.served(cell), connections: balancer.connections() })
      await balancer.close()
    }
  } finally {
    await client.close()
  }
  return measured
}
