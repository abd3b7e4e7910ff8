import { validityAt } from '@peerkit/identity'
import type { PeerIdentity } from '@peerkit/identity'
import { refused, startingAt } from '../errors.ts'

/** Our certificates must be valid now (RFC 5280 section 4.1.2.5). @throws MTLS_ERR_CREDENTIALS_REFUSED */
export function checkValidity (certificate: PeerIdentity, where: string, now: number): void {
  const { notBefore = Infinity, notAfter = -Infinity } = certificate
  const expected = `expected one that is valid now, ${showTime(now)}`
  const state = validityAt(certificate, now)
  const found = `found ${String(certificate)}`
  if (state === 'expired') {
    throw refused('expired', where, `${found}, which expired on ${showTime(notAfter)}; ${expected}`)
  }
  if (state !== 'not_yet_valid') return
  const problem = `${found}, which is not valid before ${showTime(notBefore)}; ${expected}`
  throw startingAt(notBefore, refused('not_yet_valid', where, problem))
}

export function showTime (time: number): string {
  return Number.isFinite(time) ? new Date(time).toISOString() : 'an unknown date'
}
