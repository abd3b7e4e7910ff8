import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { UsageError } from '../command.ts'
import type { Command } from '../command.ts'
import { describeFileError, readBytes } from '../files/read-bytes.ts'
import { shown, shownJson } from '../output.ts'
import { findByHand } from './find.ts'
import type { Finding } from './find.ts'
import type { Proposal } from './proposal.ts'

const SOURCE = /\.[mc]?[jt]sx?$/
const SKIPPED = new Set(['node_modules', 'dist', 'build', 'coverage'])
/** The largest source file. */
const MAX_OCTETS = 1 << 23

type FileFinding = Finding & { readonly file: string }

export const migrate: Command = {
  name: 'migrate',
  summary: 'find code that checks client certificates by hand, and propose rules',
  operands: { name: 'FILE', help: 'source file or folder: JavaScript or TypeScript', least: 1, most: 100 },
  options: { json: { type: 'boolean', help: 'the findings as JSON' } },
  notes: [
    'No file is changed. Folders are read with their subfolders, without node_modules, dist, build, coverage and',
    'hidden ones. A proposal is what a comparison says, if the code allows where it is true (===) and refuses where',
    'it is not (!==). Check that before you use it.', '',
    'Exit code: 0 nothing found; 1 something found; 2 a wrong command line, or a file that could not be read (the',
    'rest is listed).', '',
    '  peerkit migrate src'
  ],
  run: async (values, print, targets) => {
    const files = [...new Set((await Promise.all(targets.map(listSources))).flat())]
    const findings: FileFinding[] = []
    const unreadable: Array<{ readonly file: string, readonly error: string }> = []
    for (const file of files) {
      try {
        findings.push(...(await findIn(file)).map((finding) => ({ file, ...finding })))
      } catch (error) {
        if (!(error instanceof UsageError)) throw error
        unreadable.push({ file, error: error.problem })
      }
    }
    if (values['json'] === true) print(shownJson({ files: files.length, findings, unreadable }))
    else print(describe(findings, unreadable.map(({ error }) => error), files.length))
    return unreadable.length > 0 ? 2 : findings.length > 0 ? 1 : 0
  }
}

async function findIn (file: string): Promise<Finding[]> {
  const text = Buffer.from(await readBytes(file, '', 'JavaScript or TypeScript', MAX_OCTETS)).toString('utf8')
  // Loaded when it is needed: no other command parses sources.
  const { parseSource } = await import('./parse-source.ts')
  return findByHand(parseSource(text, file))
}

/** The file, or the sources of the folder. @throws UsageError */
async function listSources (path: string): Promise<string[]> {
  const stats = await stat(path).catch((error: unknown) => {
    throw new UsageError(`FILE ${path}: ${describeFileError(error)}; expected a source file or a folder`)
  })
  if (!stats.isDirectory()) return [path]
  const entries = await readdir(path, { withFileTypes: true })
  const found = entries.filter(({ name }) => !name.startsWith('.') && !SKIPPED.has(name)).map(async (entry) => {
    if (entry.isDirectory()) return await listSources(join(path, entry.name))
    return entry.isFile() && SOURCE.test(entry.name) && !entry.name.endsWith('.d.ts') ? [join(path, entry.name)] : []
  })
  return (await Promise.all(found)).flat().sort()
}

function describe (findings: readonly FileFinding[], problems: readonly string[], count: number): string {
  const places = findings.map(({ file, line, column, kind, code, does, weak, instead, proposals }) => [
    `${shown(file)}:${line}:${column}  ${kind}  ${shown(code)}`,
    `  does     ${does}`,
    `  weak     ${weak}`,
    `  instead  ${instead}`,
    ...proposals.map(describeProposal), ''
  ].join('\n'))
  const read = `${count} file${count === 1 ? '' : 's'} read`
  const total = findings.length === 0 ? `nothing found; ${read}` : `${findings.length} found; ${read}`
  return [...places, ...problems.map((problem) => `not read: ${shown(problem)}`), total, ''].join('\n')
}

function describeProposal ({ rule, note }: Proposal): string {
  if (rule === undefined) return `  by hand  ${shown(note ?? '')}`
  const line = `  rule     allowedClients: ${shown(shownRule(rule))}`
  return note === undefined ? line : `${line}\n           ${shown(note)}`
}

/** A rule as one writes it in code. */
function shownRule (value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(shownRule).join(', ')}]`
  if (typeof value === 'object' && value !== null) {
    return `{ ${Object.entries(value).map(([key, one]) => `${key}: ${shownRule(one)}`).join(', ')} }`
  }
  return `'${String(value).replace(/[\\']/g, '\\$&')}'`
}
