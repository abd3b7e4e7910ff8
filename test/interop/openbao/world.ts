// An OpenBao of a test: a real server with two PKI mounts, in a folder that goes with the test.
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import { renewingCredentials } from '@peerkit/credentials'
import type { CredentialSource, RenewingCredentialsOptions, TimedCredentials } from '@peerkit/credentials'
import { MOUNT, makeAppRole, mountPki, startOpenBao } from '@peerkit/example-openbao'
import type { OpenBao, Pki } from '@peerkit/example-openbao'
import { vaultIssuer } from '@peerkit/issuers/vault'
import type { VaultIssuer, VaultIssuerOptions } from '@peerkit/issuers/vault'
import { requireTool } from '../require-tool.ts'

const tool = requireTool('bao')

/** The role of the tests: names below `example`, and SPIFFE IDs of prod.example. */
export const ROLE = { allowed_domains: 'example', allow_subdomains: true, allowed_uri_sans: 'spiffe://prod.example/*', key_type: 'ec', key_bits: 256, max_ttl: '24h', require_cn: false }

/** An OpenBao with a PKI, AppRole, and a role `service`. */
export interface World {
  readonly bao: OpenBao
  readonly pki: Pki
  readonly folder: string
  /** What a service logs in with, which may sign by the role and read it. */
  readonly login: { readonly roleId: string, readonly secretId: string }
  /** An issuer by AppRole. Closed with the test. */
  issuer (options?: Partial<VaultIssuerOptions>): VaultIssuer
  /** Credentials for a SPIFFE ID of prod.example with this path. Closed with the test. */
  credentials (path: string, options?: Partial<VaultIssuerOptions>, more?: RenewingCredentialsOptions): Promise<TimedCredentials>
}

export async function startWorld (test: Test): Promise<World> {
  stayAlive(test)
  const folder = makeFolder(test)
  const bao = await startOpenBao({ tool, folder: join(folder, 'openbao') })
  test.teardown(async () => { await bao.close() })
  const pki = await mountPki(bao)
  await pki.role('service', ROLE)
  await bao.call('sys/auth/approle', { type: 'approle' })
  const login = await makeAppRole(bao, 'service', { [`${MOUNT}/sign/+`]: ['update'], [`${MOUNT}/issue/+`]: ['update'], [`${MOUNT}/roles/+`]: ['read'] })
  const issuer = (options: Partial<VaultIssuerOptions> = {}): VaultIssuer => {
    const transport = options.credentials === undefined && options.agent === undefined ? { ca: bao.ca } : {}
    const made = vaultIssuer({ url: bao.url, mount: MOUNT, role: 'service', names: { cn: 'ledger.example' }, auth: { appRole: login }, onWarning: () => {}, ...transport, ...options })
    test.teardown(async () => { await made.close() })
    return made
  }
  return {
    bao,
    pki,
    folder,
    login,
    issuer,
    async credentials (path, options = {}, more = {}) {
      const source = await renewingCredentials(issuer({ names: { uri: [`spiffe://prod.example${path}`] }, ...options }), { attempts: 1, retryFirst: 200, retryLongest: 500, ...more })
      test.teardown(async () => { await source.close() })
      return source
    }
  }
}

/** The serial number of the certificate in use. */
export function serialOf (source: CredentialSource): string { return String(source.current.identity.serialNumber) }

export function makeFolder (test: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'peerkit-openbao-'))
  test.teardown(() => { rmSync(folder, { recursive: true, force: true }) })
  return folder
}

/** Keeps the process alive, which a source does not. */
function stayAlive (test: Test): void {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  test.teardown(() => { server.close() })
}
