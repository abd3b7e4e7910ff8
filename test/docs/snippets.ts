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

/** The recipes and the guides for moving, whose snippets run too. */
export function recipeFiles (): string[] {
  return ['docs/recipes', 'docs/moving'].flatMap((folder) => {
    return readdirSync(join(root, folder)).map((name) => `${folder}/${name}`)
  })
}

export function readmeFiles (): string[] {
  return packageFolders().map((folder) => `packages/${folder}/README.md`).filter((file) => existsSync(join(root, file)))
}
