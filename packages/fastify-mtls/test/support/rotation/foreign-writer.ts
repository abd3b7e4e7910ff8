import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, open, rename, rm, unlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export type FileName = 'tls.crt' | 'tls.key' | 'ca.crt' | 'ca.crl' | 'issuers.crt'
export type Contents = Partial<Record<FileName, string>>
export type Manner = 'rename' | 'in place' | 'piecemeal'
export type Spoil = 'none' | 'truncated' | 'killed writer' | 'removed' | 'garbage'

export const MANNERS: readonly Manner[] = ['rename', 'in place', 'piecemeal']
export const SPOILS: readonly Spoil[] = ['none', 'truncated', 'killed writer', 'removed', 'garbage']

/** Writes files as others do: not always well. */
export class ForeignWriter {
  readonly folder: string

  constructor (folder: string) {
    this.folder = folder
  }

  static async create (contents: Contents): Promise<ForeignWriter> {
    const writer = new ForeignWriter(await mkdtemp(join(tmpdir(), 'peerkit-rotation-')))
    await writer.write(contents, 'rename')
    return writer
  }

  path (name: FileName): string {
    return join(this.folder, name)
  }

  async write (contents: Contents, manner: Manner): Promise<void> {
    for (const [name, text] of Object.entries(contents) as Array<[FileName, string]>) {
      if (manner === 'rename') {
        await writeFile(this.path(`${name}.new` as FileName), text)
        await rename(this.path(`${name}.new` as FileName), this.path(name))
      } else if (manner === 'in place') {
        await writeFile(this.path(name), text)
      } else {
        const file = await open(this.path(name), 'w')
        for (let start = 0; start < text.length; start += 100) await file.write(text.slice(start, start + 100))
        await file.close()
      }
    }
  }

  /** Leaves a file in a state that nobody can want. */
  async spoil (name: FileName, text: string, how: Spoil): Promise<void> {
    const path = this.path(name)
    if (how === 'truncated') await writeFile(path, '')
    else if (how === 'garbage') await writeFile(path, text.slice(0, text.lastIndexOf('-----END') - 20))
    else if (how === 'removed') await unlink(path)
    else if (how === 'killed writer') await dieWhileWriting(path, text)
  }

  async remove (): Promise<void> {
    await rm(this.folder, { recursive: true, force: true })
  }
}

async function dieWhileWriting (path: string, text: string): Promise<void> {
  const child = fork(join(import.meta.dirname, 'half-writer.ts'), [path], { stdio: ['pipe', 'inherit', 'inherit', 'ipc'] })
  child.stdin?.end(text)
  await once(child, 'message')
  const dead = once(child, 'exit')
  child.kill('SIGKILL')
  await dead
}
