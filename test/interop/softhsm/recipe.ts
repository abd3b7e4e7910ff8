// The commands of docs/hardware-keys.md, as a reader gives them.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** What installs packages of the system and of the registry: `.ci/steps/parts` and the workspace have done that. */
const INSTALLS = /^(?:apt-get install|npm init|npm install) .*$/gm

/** The commands and the file of the recipe. */
export interface Recipe {
  /** What makes the token and the certificates. */
  readonly setUp: readonly string[]
  readonly server: string
  readonly start: string
  readonly call: string
  /** What replaces the certificate while the service runs. */
  readonly renew: string
}

export async function readRecipe (): Promise<Recipe> {
  const text = await readFile(join(import.meta.dirname, '../../../docs/hardware-keys.md'), 'utf8')
  const [, section = ''] = text.split(/^## /m)
  const blocksOf = (language: string): string[] => {
    return [...section.matchAll(new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\`$`, 'gm'))].map(([, block = '']) => block.replace(INSTALLS, ''))
  }
  const commands = blocksOf('sh')
  const [server = ''] = blocksOf('js')
  const [start = '', call = '', renew = ''] = commands.slice(-3)
  return { setUp: commands.slice(0, -3), server, start, call, renew }
}
