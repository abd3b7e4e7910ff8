import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** Runs `openssl` in a folder of its own that holds `files`, and gives the file `out.pem` (or another) that it made. For what dev-ca rightly cannot make: weak keys, other formats. */
export async function openssl (files: Readonly<Record<string, string | Uint8Array>>, args: readonly string[], out = 'out.pem'): Promise<Buffer> {
  const folder = await mkdtemp(join(tmpdir(), 'peerkit-openssl-'))
  try {
    for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content)
    await run('openssl', args, { cwd: folder })
    return await readFile(join(folder, out))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** A self-signed certificate and its key, made with these arguments of `openssl req`. */
export async function makeSelfSigned (...args: string[]): Promise<{ cert: string, key: string }> {
  const both = await openssl({}, ['req', '-x509', '-nodes', '-subj', '/CN=weak', '-days', '5', '-keyout', 'out.pem', '-out', 'out.pem', ...args])
  const text = both.toString()
  const start = text.indexOf('-----BEGIN CERTIFICATE-----')
  return { key: text.slice(0, start), cert: text.slice(start) }
}
