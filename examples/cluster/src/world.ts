import { randomBytes } from 'node:crypto'
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createDevCa } from '@peerkit/dev-ca'
import type { IssuedCertificate } from '@peerkit/dev-ca'

export interface World {
  /** With the files of the service, which all workers read. */
  readonly folder: string
  readonly ca: string
  readonly olga: IssuedCertificate
  readonly otto: IssuedCertificate
  revoke (certificate: IssuedCertificate): Promise<void>
  remove (): Promise<void>
}

/** Makes the files of the service, and the certificates of two operators. */
export async function makeWorld (): Promise<World> {
  const folder = await mkdtemp(join(tmpdir(), 'peerkit-cluster-'))
  const ca = await createDevCa({ name: 'Cluster CA' })
  const place = async (name: string, content: string | Buffer, mode = 0o644): Promise<void> => {
    await writeFile(join(folder, `${name}.new`), content, { mode })
    await rename(join(folder, `${name}.new`), join(folder, name))
  }
  const publishCrl = async (): Promise<void> => { await place('crl.pem', (await ca.crl()).pem) }

  const server = await ca.issue({ profile: 'server', dns: 'localhost', ip: '127.0.0.1' })
  await place('server.key', server.key, 0o600)
  await place('server.pem', server.chain)
  await place('ca.pem', ca.root)
  await place('ticket-secret', randomBytes(32), 0o600)
  await publishCrl()
  return {
    folder,
    ca: ca.root,
    olga: await ca.issue({ profile: 'client', cn: 'Olga', ou: 'operators' }),
    otto: await ca.issue({ profile: 'client', cn: 'Otto', ou: 'operators' }),
    revoke: async (certificate) => {
      ca.revoke(certificate, { reason: 'keyCompromise' })
      await publishCrl()
    },
    remove: async () => { await rm(folder, { recursive: true, force: true }) }
  }
}
