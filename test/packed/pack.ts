import { execFile } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { packageFolders, root } from '../architecture/source-graph.ts'

export const run: (file: string, args: readonly string[], options?: object) => Promise<{ stdout: string, stderr: string }> = promisify(execFile) as any

/** Builds and packs every package of a working copy into `folder`; returns the tarballs' paths. */
export async function packAll (folder: string, { from = root, env = process.env }: { from?: string, env?: NodeJS.ProcessEnv } = {}): Promise<string[]> {
  const workspaces = packageFolders().map((name) => `--workspace=packages/${name}`)
  await run('npm', ['pack', '--pack-destination', folder, ...workspaces], { cwd: from, env })
  return readdirSync(folder).filter((name) => name.endsWith('.tgz')).sort().map((name) => join(folder, name))
}
