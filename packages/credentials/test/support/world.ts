import { mkdtemp, rename, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createDevCa } from '@peerkit/dev-ca'
import type { DevCa, IssuedCertificate } from '@peerkit/dev-ca'
import { collectMessages, nextMessage as nextOfChannel } from '@peerkit/test-support/messages'
import type { After } from '@peerkit/test-support/messages'
import type { CredentialChange, CredentialSource } from '../../src/index.ts'

export interface Folder {
  readonly folder: string
  readonly ca: DevCa
  readonly issued: IssuedCertificate
  readonly paths: { readonly cert: string, readonly key: string, readonly ca: string }
  write (name: string, text: string | Uint8Array): Promise<void>
  replace (name: string, text: string | Uint8Array): Promise<void>
}

/** A temporary folder with a CA, a certificate and its key. */
export async function makeFolder (t: After): Promise<Folder> {
  const folder = await mkdtemp(join(tmpdir(), 'peerkit-credentials-'))
  // A source keeps no process alive, not even one that waits for it.
  const alive = setInterval(() => {}, 1_000)
  t.after(async () => {
    clearInterval(alive)
    await rm(folder, { recursive: true, force: true })
  })
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

/** More than any watch takes to look at a file and to read it again when it is still. */
const READS = 10_000

/**
 * Waits until something is so, at most for a number of reads. What follows files reads them by the same threads, so it
 * is as slow as these reads on a busy machine, and a test fails by an assertion where it would wait without end.
 *
 * @param path any file
 * @returns whether it is so
 */
export async function isSoonByReads (path: string, isSo: () => boolean): Promise<boolean> {
  for (let read = 0; read < READS && !isSo(); read++) await stat(path)
  return isSo()
}

/** The next change that a source tells of, of one kind where that is given. */
export async function nextChange (source: CredentialSource, type?: CredentialChange['type']): Promise<CredentialChange> {
  return await new Promise((resolve) => {
    const end = source.subscribe((change) => {
      if (type !== undefined && change.type !== type) return
      end()
      resolve(change)
    })
  })
}

export interface Published { readonly v: 1, readonly time: number, readonly code?: string, readonly reason?: string, readonly message: string, readonly generation: number }

type Event = 'rotated' | 'refused' | 'recovered' | 'waiting' | 'warned'

/** The next message about credentials, of one reason where that is given. */
export async function nextMessage (event: Event, reason?: string): Promise<Published> {
  return await nextOfChannel<Published>(
    `peerkit:credentials:${event}`, (message) => reason === undefined || message.reason === reason
  )
}

/** Collects what is published about credentials until the test ends. */
export function collect (t: After, event: Event): Published[] {
  return collectMessages(t, `peerkit:credentials:${event}`)
}
