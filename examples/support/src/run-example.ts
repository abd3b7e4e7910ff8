import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

export interface Outcome { readonly code: number | null, readonly output: string }

/** Runs `src/main.ts` of an example to its end, as its `npm start` does. For tests. */
export async function runExample (folder: string, ...args: string[]): Promise<Outcome> {
  // tap would preload itself into the example.
  const env = { ...process.env, NODE_OPTIONS: '' }
  const child = spawn(process.execPath, ['--conditions=@peerkit/source', join(folder, 'src/main.ts'), ...args], { env })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => { output += String(chunk) })
  const [code] = await once(child, 'close') as [number | null]
  return { code, output }
}
