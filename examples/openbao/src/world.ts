import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { AppRoleAuth } from '@peerkit/issuers/vault'
import { findBao } from './openbao/find-tool.ts'
import { MOUNT, makeAppRole, mountPki } from './openbao/pki.ts'
import type { Pki } from './openbao/pki.ts'
import { startOpenBao } from './openbao/server.ts'
import type { OpenBao } from './openbao/server.ts'

/** An OpenBao with a PKI, and what the services log in with. */
export interface World {
  readonly bao: OpenBao
  readonly pki: Pki
  readonly logins: Readonly<Record<'ledger' | 'callers', AppRoleAuth>>
  close (): Promise<void>
}

/** Starts an OpenBao, and sets up what docs/issuers/openbao.md sets up by hand. */
export async function startWorld (): Promise<World> {
  const tool = findBao()
  const folder = await mkdtemp(join(tmpdir(), 'peerkit-openbao-'))
  let bao: OpenBao | undefined
  async function close (): Promise<void> {
    await bao?.close()
    await rm(folder, { recursive: true, force: true })
  }
  try {
    bao = await startOpenBao({ tool, folder })
    const pki = await mountPki(bao)
    const names = { allowed_domains: 'example', allow_subdomains: true, key_type: 'ec' }
    // The certificate of the ledger lives for seconds, so that its renewal can be watched.
    await pki.role('ledger', { ...names, allowed_uri_sans: 'spiffe://prod.example/ledger', ttl: '10s', not_before_duration: '1s' })
    await pki.role('callers', { ...names, allowed_uri_sans: 'spiffe://prod.example/*', ttl: '1h' })
    await bao.call('sys/auth/approle', { type: 'approle' })
    const login = async (role: string): Promise<AppRoleAuth> => await makeAppRole(bao as OpenBao, role, {
      [`${MOUNT}/sign/${role}`]: ['update'], [`${MOUNT}/roles/${role}`]: ['read']
    })
    return { bao, pki, logins: { ledger: await login('ledger'), callers: await login('callers') }, close }
  } catch (error) {
    await close()
    throw error
  }
}
