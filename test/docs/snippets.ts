import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { packageFolders, root } from '../architecture/source-graph.ts'
import { readFences } from './fences.ts'

export interface Snippet {
  readonly file: string
  /** Line of the first line of code. */
  readonly line: number
  readonly language: 'ts' | 'js' | 'sh'
  readonly code: string
}

const RUN = /^(ts|js|sh) run$/

/** Code blocks of a Markdown file whose fence says `run`, e.g. "```ts run". */
export function readSnippets (file: string): Snippet[] {
  const fences = readFences(readFileSync(join(root, file), 'utf8'))
  return fences.filter(({ info }) => RUN.test(info)).map(({ info, line, code }) => ({
    file,
    line,
    language: info.split(' ')[0] as Snippet['language'],
    code
  }))
}

/** The documents whose snippets run one by one. Those of the ten minutes run in one folder, by a test of their own. */
export function documentFiles (): string[] {
  const names = readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
  return names.filter((name) => name.endsWith('.md')).map((name) => `docs/${name}`).filter((file) => file !== TEN_MINUTES)
}

const TEN_MINUTES = 'docs/start/ten-minutes.md'

export function readmeFiles (): string[] {
  return packageFolders().map((folder) => `packages/${folder}/README.md`).filter((file) => existsSync(join(root, file)))
}
