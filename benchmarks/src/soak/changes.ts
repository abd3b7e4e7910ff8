import { writeFile } from 'node:fs/promises'
import type { SoakLoad } from './load.ts'
import type { ServerProcess } from './server-process.ts'
import type { SoakWorld } from './world.ts'

/** What changes at the server while it is used, one after the other, again and again. */
export class SoakChanges {
  readonly #world: SoakWorld
  readonly #server: ServerProcess
  readonly #load: SoakLoad
  readonly #file: string
  #turn = 0
  readonly counts: Map<string, number> = new Map()

  constructor (world: SoakWorld, server: ServerProcess, load: SoakLoad, file: string) {
    this.#world = world
    this.#server = server
    this.#load = load
    this.#file = file
  }

  /** Makes the next change, and returns when the server has it. */
  async next (): Promise<void> {
    const kinds = {
      rotation: async () => { await this.#server.ask('update', await this.#world.server()) },
      revocation: async () => { await this.#revoke() },
      'CA removed or added': async () => {
        await this.#world.toggleGuest(async (trust) => { await this.#server.ask('update', trust) })
      },
      'rules file': async () => {
        await writeRules(this.#file, this.#turn)
        await this.#server.ask('reload')
      }
    }
    const names = Object.keys(kinds) as (keyof typeof kinds)[]
    const name = names[this.#turn++ % names.length] as keyof typeof kinds
    // The run goes on after a change that failed, and is judged by it at the end.
    await kinds[name]().catch((error: unknown) => { this.#load.note(name, String(error)) })
    this.counts.set(name, (this.counts.get(name) ?? 0) + 1)
  }

  async #revoke (): Promise<void> {
    const certificate = await this.#world.client('client-revoked')
    this.#world.revoke(certificate)
    await this.#server.ask('update', await this.#world.trust())
    await this.#load.tryRevoked(certificate)
  }
}

/** Rules that let every client in, with a group that differs each time. */
export async function writeRules (file: string, turn: number): Promise<void> {
  const groups = { changing: { cn: `client-${turn}` } }
  await writeFile(file, JSON.stringify({ groups, defaultRules: 'authenticated' }))
}
