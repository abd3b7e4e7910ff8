import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createDevCa } from '@peerkit/dev-ca'
import type { IssuedCertificate } from '@peerkit/dev-ca'

export interface World {
  readonly folder: string
  readonly certs: string
  /** The CA of the gateway and the app. */
  readonly meshCa: string
  readonly billing: IssuedCertificate
  /** Of the right CA, and not of `billing`. */
  readonly intern: IssuedCertificate
  /** Says that it is `billing`, and has it from a CA of its own. */
  readonly stranger: IssuedCertificate
  /** A service beside the app. It may connect, and is no gateway. */
  readonly neighbour: IssuedCertificate
  remove (): void
}

/** Makes two CAs, that of the clients and that of the mesh, and all certificates. */
export async function makeWorld (): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), 'peerkit-gateway-'))
  const certs = join(folder, 'certs')
  mkdirSync(certs)
  const clients = await createDevCa({ name: 'Clients CA' })
  const mesh = await createDevCa({ name: 'Mesh CA' })
  const gateway = await mesh.issue({ cn: 'gateway', dns: ['gateway.internal', 'localhost'] })
  const app = await mesh.issue({ cn: 'app', dns: 'localhost', profile: 'server' })
  for (const [name, text] of Object.entries({
    'gateway.crt': gateway.chain,
    'gateway.key': gateway.key,
    'app.crt': app.chain,
    'app.key': app.key,
    'mesh-ca.crt': mesh.root,
    'clients-ca.crt': clients.root
  })) writeFileSync(join(certs, name), text, { mode: 0o600 })
  return {
    folder,
    certs,
    meshCa: mesh.root,
    billing: await clients.issue({ cn: 'Berta', ou: 'billing', profile: 'client' }),
    intern: await clients.issue({ cn: 'Ivo', ou: 'interns', profile: 'client' }),
    stranger: await (await createDevCa()).issue({ cn: 'Berta', ou: 'billing', profile: 'client' }),
    neighbour: await mesh.issue({ cn: 'neighbour', dns: 'neighbour.internal', profile: 'client' }),
    remove: () => { rmSync(folder, { recursive: true, force: true }) }
  }
}
