// The certificates of every cell, and the three workers that serve them all.
import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'tap'
import { createDevCa } from '@peerkit/dev-ca'
import type { DevCa } from '@peerkit/dev-ca'
import { startBalancer } from './balancer.ts'
import type { Balancer } from './balancer.ts'
import { RESTARTED_AT, chains, servers, trusts } from './plan.ts'
import type { Cell, ChainKind, ServerKind, TrustKind } from './plan.ts'
import { startWorker } from './start-worker.ts'
import type { Worker } from './start-worker.ts'
import type { AppSpec, Served } from './worker.ts'

export interface World {
  /** Writes `cert.pem` (with the intermediate), `key.pem` and `ca.pem` of a cell's client; gives their folder. */
  material (cell: Cell): Promise<string>
  /** The address that a cell's client calls. */
  balancer (cell: Cell): Promise<Balancer>
  /** What the workers saw of a cell. */
  served (cell: Cell): Promise<Served>
  close (): Promise<void>
}

/** Where compiled clients and certificates are. */
export const folder: string = mkdtempSync(join(tmpdir(), 'peerkit-chains-'))
after(() => { rmSync(folder, { recursive: true, force: true }) })

const appName = (trust: TrustKind, chain: ChainKind): string => `${trust} ${chain}`
const keyOf = ({ client, server, chain, trust }: Cell): string => [client, server, chain, trust].join(' ')

export async function startWorld (clients: readonly string[]): Promise<World> {
  const root = await createDevCa({ name: 'Clients root' })
  const serverCa = await createDevCa({ name: 'Servers' })
  const own = await serverCa.issue({ profile: 'server', dns: 'localhost', ip: '127.0.0.1' })
  const rootCrl = (await root.crl()).pem
  const issuers = await makeIssuers(root, clients)

  const describe = async (kinds: readonly ServerKind[], trust: TrustKind, chain: ChainKind): Promise<AppSpec> => {
    const cells = kinds.flatMap((server) => clients.map((client) => keyOf({ client, server, chain, trust })))
    const below = cells.flatMap((key) => issuers.get(key) ?? [])
    const certificates = below.map(({ certificate }) => certificate)
    return {
      name: appName(trust, chain),
      cert: own.chain,
      key: own.key,
      ca: [root.root, ...(chain === 'ca' ? certificates : [])],
      ...(chain === 'intermediates' && { intermediates: certificates }),
      ...(trust === 'hard' && { crl: [rootCrl, ...await Promise.all(below.map(async (ca) => (await ca.crl()).pem))] }),
      ...(trust === 'hard' && certificates.length > 0 && { crlIssuers: certificates })
    }
  }
  const describeAll = async (kinds: readonly ServerKind[]): Promise<AppSpec[]> =>
    await Promise.all(trusts.flatMap((trust) => chains.map(async (chain) => await describe(kinds, trust, chain))))

  const secret = randomBytes(32).toString('base64')
  const alone = await describeAll(['one'])
  const shared = (await describeAll(['two', 'restarted'])).map((spec) => ({ ...spec, ticketSecret: secret }))
  const workers = await Promise.all([startWorker(alone), startWorker(shared), startWorker(shared)])
  const [single, first, second] = workers as [Worker, Worker, Worker]

  let number = 0
  return {
    material: async (cell) => {
      const { chain, key } = await (issuers.get(keyOf(cell)) ?? root).issue({ cn: 'client', profile: 'client' })
      const path = join(folder, String(++number))
      mkdirSync(path)
      for (const [name, text] of Object.entries({ cert: chain, key, ca: serverCa.root })) {
        writeFileSync(join(path, `${name}.pem`), text, { mode: 0o600 })
      }
      return path
    },
    balancer: async ({ server, chain, trust }) => {
      const port = (worker: Worker): number => worker.ports[appName(trust, chain)]!
      return await startBalancer((connection) => {
        if (server === 'one') return port(single)
        if (server === 'two') return port(connection % 2 === 1 ? first : second)
        return port(connection < RESTARTED_AT ? first : second)
      })
    },
    served: async ({ chain, trust }) => {
      const parts = await Promise.all(workers.map(async (worker) => await worker.take(appName(trust, chain))))
      return {
        requests: parts.reduce((sum, { requests }) => sum + requests, 0),
        resumed: parts.reduce((sum, { resumed }) => sum + resumed, 0),
        refusals: parts.flatMap(({ refusals }) => refusals)
      }
    },
    close: async () => { await Promise.all(workers.map(async (worker) => { await worker.close() })) }
  }
}

/** An intermediate for each cell: what one cell taught the workers helps no other. */
async function makeIssuers (root: DevCa, clients: readonly string[]): Promise<Map<string, DevCa>> {
  const issuers = new Map<string, DevCa>()
  for (const client of clients) {
    for (const server of servers) {
      for (const chain of chains) {
        if (chain === 'direct') continue
        for (const trust of trusts) {
          const key = keyOf({ client, server, chain, trust })
          issuers.set(key, await root.intermediate({ name: `Clients ${issuers.size + 1}` }))
        }
      }
    }
  }
  return issuers
}
