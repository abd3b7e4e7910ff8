import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { packageFolders, root } from '../architecture/source-graph.ts'

export interface Snippet { readonly file: string, readonly line: number, readonly language: 'ts' | 'js' | 'sh', readonly code: string }

/** Code blocks of a Markdown file whose fence says `run`, e.g. "```ts run". */
export function readSnippets (file: string): Snippet[] {
  const text = readFileSync(join(root, file), 'utf8')
  return [...text.matchAll(/^```(ts|js|sh) run\n([\s\S]*?)^```$/gm)].map((block) => ({
    file,
    line: text.slice(0, block.index).split('\n').length,
    language: block[1] as Snippet['language'],
    code: block[2] ?? ''
  }))
}

export function readmeFiles (): string[] {
  return packageFolders().map((folder) => `packages/${folder}/README.md`).filter((file) => existsSync(join(root, file)))
}
