import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { compileRules } from '@peerkit/rules'
import type { ForwardedReaderOptions } from '@peerkit/forwarded'
import type { Fence } from './fences.ts'

/** What a code block of a recipe gives to fastifyMtls. */
export interface Registered {
  readonly forwarded: Omit<ForwardedReaderOptions, 'validator'>
  readonly trust?: unknown
  /** Whether the app is made with credentials, whose CAs validate chains. */
  readonly credentials: boolean
}

/** Runs a code block with an app that only remembers. */
export async function evaluateBlock ({ code, line }: Fence, folder: string): Promise<Registered> {
  let registered: Registered | undefined
  let credentials = false
  const app = {
    register: (_plugin: unknown, options?: Omit<Registered, 'credentials'>) => {
      if (options !== undefined) registered = { ...options, credentials }
    },
    get: () => {},
    listen: () => {}
  }
  const names = {
    app,
    Fastify: () => app,
    withMtls: () => { credentials = true },
    credentials: {},
    trust: {},
    compileRules,
    fastifyMtls: {},
    fastifyAllowedClients: {}
  }
  const file = join(folder, `line-${line}.mjs`)
  const body = code.replace(/^const app = /m, '')
  writeFileSync(file, `export default async ({ ${Object.keys(names).join(', ')} }) => {\n${body}\n}`)
  await (await import(file)).default(names)
  if (registered === undefined) throw new Error(`the block at line ${line} registers nothing`)
  return registered
}
