// The table of docs/several-cas-decisions.md.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../../architecture/source-graph.ts'
import type { Verdict } from './call.ts'
import type { Server } from './servers.ts'
import { kinds } from './world.ts'
import type { ClientKind } from './world.ts'

const PATH = join(root, 'docs/several-cas-decisions.md')
const TABLE = /\| server \|.*\n(?:\|.*\n)+/
const HEAD = ['server', 'leaf S', 'leaf S, CA S', 'leaf C', 'leaf C, CA S', 'the log says of a leaf S']

export interface Measured { readonly server: Server, readonly verdicts: ReadonlyMap<ClientKind, Verdict> }

export function renderRow ({ server, verdicts }: Measured): string {
  return line([server.name, ...kinds.map((kind) => verdicts.get(kind) ?? '?'), `\`${server.says}\``])
}

export function renderTable (measured: readonly Measured[]): string {
  return line(HEAD) + line(HEAD.map(() => '---')) + measured.map(renderRow).join('')
}

export function readTable (): string {
  return TABLE.exec(readFileSync(PATH, 'utf8'))?.[0] ?? ''
}

export function writeTable (table: string): void {
  writeFileSync(PATH, readFileSync(PATH, 'utf8').replace(TABLE, () => table))
}

function line (cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |\n`
}
