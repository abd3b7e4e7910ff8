import { decodePem, parsePeerIdentity } from '@peerkit/identity'
import type { SubjectAltNames } from '@peerkit/identity'
import { listWords } from '@peerkit/identity/internal'
import { IssuerError } from '../errors.ts'
import type { Proving } from './authorizations.ts'

/**
 * Checks that a certificate has every name that was ordered. One that lacks a name would be noticed by the clients that
 * use it, and by nobody before.
 *
 * @param chain PEM, the certificate first
 * @throws IssuerError
 */
export function checkCertifiedNames (chain: string, { session, identifiers }: Proving): void {
  const { dns = [], ip = [] } = readNames(chain, session.name)
  const found = new Set([...dns.map((name) => name.toLowerCase()), ...ip])
  const missing = identifiers.filter(({ value }) => !found.has(value)).map(({ value }) => value)
  if (missing.length === 0) return
  const names = listWords(missing.slice(0, 10))
  throw new IssuerError('answer', `${session.name}: the certificate lacks ${names}; expected every name of the order`)
}

/** @throws IssuerError */
function readNames (chain: string, name: string): Partial<SubjectAltNames> {
  try {
    return parsePeerIdentity(decodePem(chain)[0] ?? new Uint8Array()).subjectAltNames ?? {}
  } catch (error) {
    const detail = `${name}: the certificate cannot be read: ${(error as Error).message}`
    throw new IssuerError('answer', detail, { cause: error })
  }
}
