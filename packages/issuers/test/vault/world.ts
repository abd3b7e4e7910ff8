import { createPrivateKey, generateKeyPairSync } from 'node:crypto'
import type { Test } from 'tap'
import type { CredentialSnapshot, IssuedMaterial } from '@peerkit/credentials'
import { createDevCa } from '@peerkit/dev-ca'
import type { DevCa } from '@peerkit/dev-ca'
import { vaultIssuer } from '@peerkit/issuers/vault'
import type { VaultIssuer, VaultIssuerOptions } from '@peerkit/issuers/vault'
import { ManualClock } from '@peerkit/test-support/manual-clock'
import { FakeVault, data, failure, serveIssuers, token } from './fake-vault.ts'

export const SECRET_ID = 'c0ffee00-secret-id'
export const NAMES = { cn: 'ledger.example', dns: ['ledger.example'] }

/** A fake OpenBao with a CA of its own, an issuer that uses it, and a clock for both. */
export interface World {
  readonly vault: FakeVault
  readonly url: string
  readonly ca: DevCa
  readonly clock: ManualClock
  /** What the issuers told. */
  readonly warnings: string[]
  issuer (options?: Partial<VaultIssuerOptions>): VaultIssuer
}

export async function startWorld (t: Test): Promise<World> {
  const vault = new FakeVault()
  const ca = await createDevCa({ name: 'Mount CA' })
  const clock = new ManualClock()
  const warnings: string[] = []
  let logins = 0
  vault.on('auth/approle/login', () => token(`s.login-${++logins}`))
  vault.on('auth/token/renew-self', ({ token: held }) => token(String(held)))
  vault.on('pki/roles/ledger', () => failure(403, 'permission denied'))
  vault.on('sys/capabilities-self', () => failure(403, 'permission denied'))
  vault.on('pki/issue/ledger', async () => await issueFrom(ca))
  serveIssuers(vault, () => [{ pem: ca.root }])
  const url = await vault.start()
  t.teardown(async () => { await vault.close() })
  return {
    vault,
    url,
    ca,
    clock,
    warnings,
    issuer (options = {}) {
      const made = vaultIssuer({
        url, role: 'ledger', mode: 'issue', names: NAMES, auth: { appRole: { roleId: 'role-id', secretId: SECRET_ID } }, clock, onWarning: (text) => { warnings.push(text) }, ...options
      })
      t.teardown(async () => { await made.close() })
      return made
    }
  }
}

/** What `issue` answers. */
export async function issueFrom (ca: DevCa, names: object = { cn: NAMES.cn, dns: NAMES.dns }, more: object = {}): Promise<ReturnType<typeof data>> {
  const { chain, key } = await ca.issue(names)
  return data({ certificate: chain.split(/(?<=-----END CERTIFICATE-----\n)/)[0], private_key: key, ca_chain: [ca.certificate, ca.root], ...more })
}

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })

/** Asks once. */
export async function ask (issuer: VaultIssuer, { signal = new AbortController().signal, previous }: { signal?: AbortSignal, previous?: CredentialSnapshot } = {}): Promise<IssuedMaterial> {
  const question = { privateKey: createPrivateKey(privateKey.export({ type: 'pkcs8', format: 'pem' })), publicKey: publicKey.export({ type: 'spki', format: 'pem' }) as string }
  return await issuer.issue({ ...question, signal, previous })
}
