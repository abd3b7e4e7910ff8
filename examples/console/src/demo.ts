import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { IssuedCertificate } from '@peerkit/dev-ca'
import { startAccounts, trust } from './accounts.ts'
import type { Accounts } from './accounts.ts'
import { startLedgerThread } from './ledger.ts'
import { TRUST_DOMAIN, mintCast } from './mint.ts'
import type { Cast } from './mint.ts'
import { callAround, callOnce } from './traffic.ts'

export interface Demo {
  readonly cast: Cast
  readonly accounts: Accounts
  /** The folder with the operator's certificate: `operator.pem`, `operator-key.pem`, `ca.pem`. */
  readonly folder: string
  /** Makes another round of calls. */
  call (): Promise<void>
  /** Makes one call. Resolves with the status, or with the error code of the connection. */
  callAs (caller: IssuedCertificate | undefined, method: string, path: string): Promise<string>
  close (): Promise<void>
}

/** The groups that come from the rules file, before and after its change. */
const RULES = [
  { partners: [{ authority: 'partner', dns: '*.partner.example' }], reporting: [{ cn: 'reports' }] },
  {
    partners: [{ authority: 'partner', dns: 'gateway.partner.example' }],
    reporting: [{ cn: 'reports', validUntil: new Date(Date.now() + 30 * 86_400_000).toISOString() }]
  }
] as const

/**
 * Starts the services. Then makes calls, rotates, tries a rotation that is refused, removes the old CA, revokes a
 * certificate, and changes the rules file.
 */
export async function startDemo ({ port = 0 }: { readonly port?: number } = {}): Promise<Demo> {
  const cast = await mintCast()
  const ledger = await startLedgerThread(cast)
  const folder = await mkdtemp(join(tmpdir(), 'peerkit-console-'))
  const rules = join(folder, 'rules.json')
  await writeRules(rules, RULES[0])
  const accounts = await startAccounts(cast, { ledger: ledger.origin, rules, port })
  const { operator, ca } = cast
  await Promise.all([
    writeFile(join(folder, 'operator.pem'), operator.chain),
    writeFile(join(folder, 'operator-key.pem'), operator.key, { mode: 0o600 }),
    writeFile(join(folder, 'ca.pem'), ca.root)
  ])

  const end = async (): Promise<void> => {
    await accounts.close()
    await ledger.close()
    await rm(folder, { recursive: true, force: true })
  }
  let closing: Promise<void> | undefined
  const call = async (): Promise<void> => { await callAround(cast, accounts) }
  await call()
  await rotate(cast, accounts)
  await writeRules(rules, RULES[1])
  await accounts.reloadRules()
  await call()
  return {
    cast,
    accounts,
    folder,
    call,
    callAs: async (caller, method, path) => await callOnce(cast, accounts.origin, [caller, method, path]),
    close: async () => { await (closing ??= end()) }
  }
}

/** Renames a new file over the old one, so that half a file is never read. */
async function writeRules (path: string, groups: typeof RULES[number]): Promise<void> {
  await writeFile(`${path}.new`, JSON.stringify({ groups }))
  await rename(`${path}.new`, path)
}

/**
 * Rotates to a new certificate, tries one that does not belong to its key, removes the old CA, and revokes a
 * certificate.
 */
async function rotate (cast: Cast, { credentials }: Accounts): Promise<void> {
  const { ca, server, contractor } = cast
  const spiffe = `${TRUST_DOMAIN}/ns/bank/sa/accounts`
  const options = { days: 90, profile: 'both', cn: 'accounts', dns: 'localhost', ip: '127.0.0.1', spiffe } as const
  const next = await ca.issue(options)
  credentials.update({ cert: next.chain, key: next.key })
  try {
    credentials.update({ cert: (await ca.issue(options)).chain, key: server.key })
  } catch {
    // Expected: the credentials in force stay.
  }
  credentials.update({ authorities: await trust(cast, false) })
  ca.revoke(contractor, { reason: 'cessationOfOperation' })
  credentials.update({ authorities: await trust(cast, false) })
}
