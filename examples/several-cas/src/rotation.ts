import { memoryCredentials } from '@peerkit/credentials'
import type { AuthorityMaterial, MemoryCredentials } from '@peerkit/credentials'
import type { Pki } from './pki.ts'

interface RotatingTrust { readonly credentials: MemoryCredentials, widen (): void, narrow (): void, remove (): void }

/** Authorities that the program changes while it runs. */
export function rotatingTrust ({ ledger, internal, acme }: Pki): RotatingTrust {
  const ours: AuthorityMaterial = { ca: internal.root, names: { spiffe: 'spiffe://prod.example' } }
  const theirs = (...spiffe: string[]): AuthorityMaterial => ({ ca: acme.root, for: 'clients', names: { spiffe } })
  const credentials = memoryCredentials({
    cert: ledger.chain, key: ledger.key, authorities: { internal: ours, acme: theirs('spiffe://acme.example') }
  })
  // `authorities` is given whole each time: what is left out is gone.
  const set = (acmeNow?: AuthorityMaterial): void => {
    credentials.update({ authorities: { internal: ours, ...(acmeNow !== undefined && { acme: acmeNow }) } })
  }
  return {
    credentials,
    widen () { set(theirs('spiffe://acme.example', 'spiffe://acme-eu.example')) },
    narrow () { set(theirs('spiffe://acme.example/ns/batch')) },
    remove () { set() }
  }
}
