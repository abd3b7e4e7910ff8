import { parseSpiffeId } from '@peerkit/identity'
import { describeValue, valueOf } from '@peerkit/identity/internal'
import type { OptionType } from '@peerkit/identity/internal'
import { SpiffeInvalidError } from '../errors.ts'

/**
 * The name of a trust domain: `prod.example`. Its SPIFFE ID, `spiffe://prod.example`, is taken too: the Workload API
 * sends that.
 *
 * @param what where it stands, for errors
 * @throws SpiffeInvalidError with the reason `trust_domain`
 */
export function readTrustDomain (text: unknown, what: string): string {
  try {
    const id = String(text).startsWith('spiffe://') ? String(text) : `spiffe://${String(text)}`
    const { trustDomain, path } = parseSpiffeId(id)
    if (path === '' && typeof text === 'string') return trustDomain
    throw new Error('it has a path')
  } catch (error) {
    const detail = `${what} is ${describeValue(text)}, which is not a trust domain: ${(error as Error).message}`
    throw new SpiffeInvalidError('trust_domain', detail, { cause: error })
  }
}

/** Whether a text is the name of a trust domain. */
export function isTrustDomain (name: string): boolean {
  try {
    return readTrustDomain(name, 'a name') === name
  } catch {
    return false
  }
}

/** An option that is the name of a trust domain, or its SPIFFE ID. */
export const TRUST_DOMAIN: OptionType = valueOf('a trust domain such as partner.example', (value) => {
  try {
    readTrustDomain(value, 'it')
    return true
  } catch {
    return false
  }
})
