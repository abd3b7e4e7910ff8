import { mkdtemp, rename, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createDevCa } from '@peerkit/dev-ca'
import type { DevCa, IssuedCertificate } from '@peerkit/dev-ca'

export interface Pki {
  readonly folder: string
  readonly internal: DevCa
  readonly internalOld: DevCa
  readonly acme: DevCa
  readonly globex: DevCa
  readonly publicCa: DevCa
  readonly globexApi: DevCa
  readonly ledger: IssuedCertificate
  /** Renames a file into place, so that no reader gets half of it. */
  place (name: string, text: string): Promise<void>
}

/** CAs to try the guide with. Of your own CAs you need only the certificates and CRLs. */
export async function makePki (): Promise<Pki> {
  const folder = await mkdtemp(join(tmpdir(), 'several-cas-'))
  const place = async (name: string, text: string): Promise<void> => {
    const path = join(folder, name)
    await writeFile(`${path}.new`, text, { mode: 0o600 })
    await rename(`${path}.new`, path)
  }
  const [internalOld, internal, acme, globex, publicCa, globexApi] = await Promise.all([
    'Example Root 2017', 'Example Root 2026', 'Acme Root', 'Globex Root', 'Public Root', 'Globex API Root'
  ].map(async (name) => await createDevCa({ name }))) as [DevCa, DevCa, DevCa, DevCa, DevCa, DevCa]
  const ledger = await internal.issue({ cn: 'ledger', o: 'Example', dns: 'ledger.prod.example', ip: '127.0.0.1' })

  await place('ledger.pem', ledger.chain)
  await place('ledger.key', ledger.key)
  await place('internal.pem', internalOld.root + internal.root)
  await place('internal.crl', (await internalOld.crl()).pem + (await internal.crl()).pem)
  await place('acme.pem', acme.root)
  await place('acme.crl', (await acme.crl()).pem)
  await place('globex.pem', globex.root)
  await place('globex.crl', (await globex.crl()).pem)
  await place('public.pem', publicCa.root)
  await place('globex-api.pem', globexApi.root)
  await place('block.yaml', 'version: 1\nblock: []\n')
  return { folder, internal, internalOld, acme, globex, publicCa, globexApi, ledger, place }
}
