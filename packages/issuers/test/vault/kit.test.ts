import { test } from 'tap'
import { issuerCases } from '@peerkit/issuers/test'
import type { IssuerHarness, IssuerWorld, WorldAnswer } from '@peerkit/issuers/test'
import { vaultIssuer } from '@peerkit/issuers/vault'
import type { VaultIssuerOptions } from '@peerkit/issuers/vault'
import { FakeVault, failure, issued, serveIssuers, token } from './fake-vault.ts'
import type { Reply } from './fake-vault.ts'

function reply (answer: WorldAnswer): Reply | undefined {
  switch (answer.type) {
    case 'issued': return issued(answer)
    case 'rate_limited': return { ...failure(429, 'request path "pki/sign/kit": rate limit quota exceeded'), headers: { 'retry-after': String(answer.retryAfter) } }
    case 'unavailable': return failure(503, 'Vault is sealed')
    case 'garbage': return { text: answer.text }
    default: return undefined
  }
}

function harness (options: Partial<VaultIssuerOptions>, givesCa: boolean): IssuerHarness {
  return async (world: IssuerWorld) => {
    const vault = new FakeVault()
    vault.on('auth/approle/login', () => token('s.kit'))
    vault.on('pki/roles/kit', () => failure(403, 'permission denied'))
    vault.on('auth/token/renew-self', () => token('s.kit'))
    vault.on('pki/sign/kit', async ({ body }) => reply(await world.answer(body.csr)))
    serveIssuers(vault, () => [{ pem: world.root }])
    const url = await vault.start()
    const issuer = vaultIssuer({
      url, role: 'kit', names: { cn: 'kit', dns: ['kit.example'] }, auth: { appRole: { roleId: 'kit', secretId: 'secret' } }, clock: world.clock, ...options
    })
    return {
      issuer,
      givesCa,
      async close () {
        await issuer.close()
        await vault.close()
      }
    }
  }
}

for (const { name, run } of issuerCases) {
  test(`vault: ${name}`, async () => { await run(harness({}, true)) })
  test(`vault, with the CAs of the chain: ${name}`, async () => { await run(harness({ trust: 'chain' }, true)) })
  test(`vault, without CAs: ${name}`, async () => { await run(harness({ trust: 'none' }, false)) })
}
