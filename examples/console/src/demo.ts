import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { IssuedCertificate } from '@peerkit/dev-ca'
import { startAccounts } from './accounts.ts'
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

/** Starts the services. Then makes calls, rotates, tries a rotation that is refused, and removes the old CA. */
export async function startDemo ({ port = 0 }: { readonly port?: number } = {}): Promise<Demo> {
  const cast = await mintCast()
  const ledger = await startLedgerThread(cast)
  const accounts = await startAccounts(cast, ledger.origin, port)
  const folder = await mkdtemp(join(tmpdir(), 'peerkit-console-'))
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

/** Rotates to a new certificate, tries one that does not belong to its key, and removes the old CA. */
async function rotate ({ ca, server }: Cast, { credentials }: Accounts): Promise<void> {
  const spiffe = `${TRUST_DOMAIN}/ns/bank/sa/accounts`
  const options = { days: 90, profile: 'both', cn: 'accounts', dns: 'localhost', ip: '127.0.0.1', spiffe } as const
  const next = await ca.issue(options)
  credentials.update({ cert: next.chain, key: next.key })
  try {
    credentials.update({ cert: (await ca.issue(options)).chain, key: server.key })
  } catch {
    // Expected: the credentials in force stay.
  }
  credentials.update({ ca: ca.root, crl: (await ca.crl()).pem })
}
