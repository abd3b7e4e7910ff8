import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createDevCa } from '@peerkit/dev-ca'
import type { DevCa, IssuedCertificate } from '@peerkit/dev-ca'
import type { CredentialChange, CredentialSource } from '../../src/index.ts'

export interface Folder {
  readonly folder: string
  readonly ca: DevCa
  readonly paths: { readonly cert: string, readonly key: string, readonly ca: string }
  write (name: string, text: string | Uint8Array): Promise<void>
  replace (name: string, text: string | Uint8Array): Promise<void>
}

/** A temporary folder with a CA, a certificate and its key. */
export async function makeFolder (t: { after (task: () => Promise<void>): void }): Promise<Folder & { issued: IssuedCertificate }> {
  const folder = await mkdtemp(join(tmpdir(), 'peerkit-credentials-'))
  t.after(async () => { await rm(folder, { recursive: true, force: true }) })
  const ca = await createDevCa()
  const issued = await ca.issue({ cn: 'first', dns: 'localhost' })
  const write = async (name: string, text: string | Uint8Array): Promise<void> => { await writeFile(join(folder, name), text) }
  const replace = async (name: string, text: string | Uint8Array): Promise<void> => {
    await write(`${name}.new`, text)
    await rename(join(folder, `${name}.new`), join(folder, name))
  }
  await write('cert.pem', issued.chain)
  await write('key.pem', issued.key)
  await write('ca.pem', ca.root)
  return { folder, ca, issued, write, replace, paths: { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem'), ca: join(folder, 'ca.pem') } }
}

/** The next change that a source tells of. */
export async function nextChange (source: CredentialSource): Promise<CredentialChange> {
  return await new Promise((resolve) => {
    // A source keeps no process alive, not even one that waits for it.
    const alive = setInterval(() => {}, 1_000)
    const end = source.subscribe((change) => {
      clearInterval(alive)
      end()
      resolve(change)
    })
  })
}
