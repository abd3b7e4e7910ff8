// The table of docs/clients.md.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../../architecture/source-graph.ts'
import type { Measured } from './measure.ts'
import { chains, servers } from './plan.ts'

const PATH = join(root, 'docs/clients.md')
/** Names of the columns: the arrangement of servers, then the chain. */
const SERVERS = { one: '1', two: '2', restarted: 'R' } as const
const CHAINS = { direct: 'a', sent: 'b', ca: 'c', intermediates: 'd' } as const
const TABLE = /\| client \| resumes \|.*\n(?:\|.*\n)+/

/** A row for each client. A cell is the number of calls that were answered, the lower one of both kinds of trust. */
export function renderTable (measured: readonly Measured[]): string {
  const columns = servers.flatMap((server) => chains.map((chain) => ({ server, chain })))
  const head = ['client', 'resumes', ...columns.map(({ server, chain }) => SERVERS[server] + CHAINS[chain])]
  const rows = [...new Set(measured.map(({ client }) => client))].map((client) => {
    const own = measured.filter((it) => it.client === client)
    const cells = columns.map(({ server, chain }) => {
      return Math.min(...own.filter((it) => it.server === server && it.chain === chain).map(answered))
    })
    return [client, own.some(({ resumed }) => resumed > 0) ? 'yes' : 'no', ...cells]
  })
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |\n`).join('')
}

export function readTable (): string {
  return TABLE.exec(readFileSync(PATH, 'utf8'))?.[0] ?? ''
}

export function writeTable (table: string): void {
  writeFileSync(PATH, readFileSync(PATH, 'utf8').replace(TABLE, () => table))
}

function answered ({ words }: Measured): number {
  return words.filter((word) => word === '200').length
}
