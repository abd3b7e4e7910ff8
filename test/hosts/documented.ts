import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../architecture/source-graph.ts'

/** What a section of docs/hosts.md tells users to write. */
export interface Documented {
  /** By the name that stands in the fence: "```js app.js". */
  readonly files: Readonly<Record<string, string>>
  /** The lines of the blocks in `sh`, in their order. */
  readonly commands: readonly string[]
}

export function readHost (heading: string): Documented {
  const text = readFileSync(join(root, 'docs/hosts.md'), 'utf8')
  const section = text.split(/^## /m).find((part) => part.startsWith(`${heading}\n`))
  if (section === undefined) throw new Error(`docs/hosts.md has no section "${heading}"`)
  const blocks = [...section.matchAll(/^```(\S+)(?: (\S+))?\n([\s\S]*?)^```$/gm)]
  return {
    files: Object.fromEntries(blocks.filter(([, , name]) => name !== undefined).map(([, , name, code]) => [name, code ?? ''])),
    commands: blocks.filter(([, language]) => language === 'sh').flatMap(([, , , code = '']) => code.trimEnd().split('\n'))
  }
}
