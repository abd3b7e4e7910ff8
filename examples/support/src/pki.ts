import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createDevCa, storeCertificate, storeCrl } from '@peerkit/dev-ca'
import type { DevCa, IssueOptions, IssuedCertificate } from '@peerkit/dev-ca'

/** A development CA with its files in a folder: `root.pem`, `crl.pem`, and `NAME.pem` and `NAME.key` of each party. */
export interface Pki {
  readonly ca: DevCa
  readonly folder: string
  /** The certificate of a party, also in the folder. A server may be called as `localhost`. */
  issue (name: string, options: IssueOptions): Promise<IssuedCertificate>
  /** Replaces `crl.pem`. */
  publishCrl (): Promise<void>
}

export async function makePki (folder: string, { name = 'Example CA', days = 365 } = {}): Promise<Pki> {
  const ca = await createDevCa({ name, days })
  const publishCrl = async (): Promise<void> => { await storeCrl(await ca.crl(), join(folder, 'crl.pem')) }
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'root.pem'), ca.root)
  await publishCrl()
  return {
    ca,
    folder,
    publishCrl,
    issue: async (party, options) => {
      const names = options.profile === 'client' ? {} : { dns: 'localhost', ip: ['127.0.0.1', '::1'] }
      const issued = await ca.issue({ ...names, ...options })
      await storeCertificate(issued, join(folder, party), { force: true })
      return issued
    }
  }
}
