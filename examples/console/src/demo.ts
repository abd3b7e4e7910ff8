import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { IssuedCertificate } from '@peerkit/dev-ca'
import { startAccounts } from './accounts.ts'
import type { Accounts } from './accounts.ts'
import { startLedgerThread } from './ledger.ts'
import { mintCast } from './mint.ts'
import type { Cast } from './mint.ts'
import { callAround, callOnce } from './traffic.ts'

export interface Demo {
  readonly cast: Cast
  readonly accounts: Accounts
  /** Where the operator's certificate lies: `operator.pem`, `operator-key.pem`, `ca.pem`. */
  readonly folder: string
  /** One more round of calls. */
  call (): Promise<void>
  /** One call; resolves with the status, or with what became of the connection. */
  callAs (caller: IssuedCertificate | undefined, method: string, path: string): Promise<string>
  close (): Promise<void>
}

/** Starts the services, and lets things happen that are worth a look: calls, a rotation, one that is refused, and the end of the old CA. */
export async function startDemo ({ port = 0 }: { readonly port?: number } = {}): Promise<Demo> {
  const cast = await mintCast()
  const ledger = await startLedgerThread(cast)
  const accounts = await startAccounts(cast, ledger.origin, port)
  const folder = await mkdtemp(join(tmpdir(), 'peerkit-console-'))
  const { operator, ca } = cast
  await Promise.all([writeFile(join(folder, 'operator.pem'), operator.chain), writeFile(join(folder, 'operator-key.pem'), operator.key, { mode: 0o600 }), writeFile(join(folder, 'ca.pem'), ca.root)])

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

/** A new certificate, one that does not fit its key, and a CA bundle without the old CA. */
async function rotate ({ ca, server }: Cast, { credentials }: Accounts): Promise<void> {
  const options = { days: 90, profile: 'both', cn: 'accounts', dns: 'localhost', ip: '127.0.0.1', spiffe: 'spiffe://demo.example/ns/bank/sa/accounts' } as const
  const next = await ca.issue(options)
  credentials.update({ cert: next.chain, key: next.key })
  try {
    credentials.update({ cert: (await ca.issue(options)).chain, key: server.key })
  } catch {
    // As it should be: what was in force stays.
  }
  credentials.update({ ca: ca.root, crl: (await ca.crl()).pem })
}
