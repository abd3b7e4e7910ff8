import { memoryCredentials } from '@peerkit/credentials'
import type { AuthorityMaterial, MemoryCredentials } from '@peerkit/credentials'
import type { Pki } from './pki.ts'

/** Authorities that the program changes while it runs, and the three changes of step 4. */
export function rotatingTrust ({ ledger, internal, acme }: Pki): MemoryCredentials & Record<'narrow' | 'widen' | 'remove', () => void> {
  const ours: AuthorityMaterial = { ca: internal.root, names: { spiffe: 'spiffe://prod.example' } }
  const theirs = (spiffe: string | string[]): AuthorityMaterial => ({ ca: acme.root, for: 'clients', names: { spiffe } })
  const credentials = memoryCredentials({
    cert: ledger.chain, key: ledger.key, authorities: { internal: ours, acme: theirs('spiffe://acme.example') }
  })
  return Object.assign(credentials, {
    widen () { credentials.update({ authorities: { internal: ours, acme: theirs(['spiffe://acme.example', 'spiffe://acme-eu.example']) } }) },
    narrow () { credentials.update({ authorities: { internal: ours, acme: theirs('spiffe://acme.example/ns/batch') } }) },
    remove () { credentials.update({ authorities: { internal: ours } }) }
  })
}
