import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../architecture/source-graph.ts'
import { readFences } from './fences.ts'

/** The code of an `@example` in a docstring. */
export interface Example {
  /** Folder below packages/. */
  readonly folder: string
  /** From the repository's root. */
  readonly file: string
  /** First line of the docstring, counted from 1. */
  readonly docLine: number
  /** First line of the code. */
  readonly line: number
  /** What the docstring is about, such as a function. */
  readonly name: string
  readonly code: string
}

/** Every `@example` of a package whose code is in a `ts` block, of functions, classes, types and their members. */
export function readExamples (folder: string): Example[] {
  const src = join('packages', folder, 'src')
  const names = readdirSync(join(root, src), { recursive: true, encoding: 'utf8' })
  return names.filter((name) => name.endsWith('.ts')).sort().flatMap((name) => readFile(folder, join(src, name)))
}

function readFile (folder: string, file: string): Example[] {
  const text = readFileSync(join(root, file), 'utf8')
  return [...text.matchAll(/\/\*\*(?:[^*]|\*(?!\/))*\*\//g)].flatMap(({ 0: comment, index }) => {
    const docLine = text.slice(0, index).split('\n').length
    const name = nameAfter(text.slice(index + comment.length))
    return readComment(comment).map(({ line, code }) => {
      return { folder, file, docLine, line: docLine + line - 1, name, code }
    })
  })
}

/** The `ts` blocks below each `@example`, with lines counted from the start of the comment. */
function readComment (comment: string): Array<{ line: number, code: string }> {
  const lines = comment.split('\n').map((line) => line.replace(/^\s*\/?\*+(?:\/| )?/, ''))
  return readFences(lines.join('\n'))
    .filter(({ info, line }) => info === 'ts' && lastTag(lines.slice(0, line - 1)) === '@example')
}

function lastTag (lines: readonly string[]): string | undefined {
  return lines.map((line) => /^@\w+/.exec(line)?.[0]).findLast((tag) => tag !== undefined)
}

const KEYWORDS = [
  'export', 'default', 'declare', 'abstract', 'async', 'readonly', 'static', 'function', 'class', 'const', 'interface',
  'type', 'get', 'set'
]

/** The first word of a declaration that is not a keyword. */
function nameAfter (text: string): string {
  const words = text.slice(0, 200).match(/[\w$#]+/g) ?? []
  return words.find((word) => !KEYWORDS.includes(word)) ?? 'unnamed'
}
