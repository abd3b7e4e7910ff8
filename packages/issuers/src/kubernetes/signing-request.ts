import { clip, describeValue } from '@peerkit/identity/internal'
import { IssuerError } from '../errors.ts'
import { readCertificates } from '../request/read-certificates.ts'

/** What a CertificateSigningRequest says (certificates.k8s.io/v1). */
export interface SigningRequest {
  readonly name: string
  readonly uid: string
  readonly isApproved: boolean
  /** The chain, PEM, if it was signed. */
  readonly chain: string | undefined
  /** Why it will never be signed. */
  readonly refusal: { readonly type: 'Denied' | 'Failed', readonly why: string } | undefined
}

interface Condition { readonly type: string, readonly reason: string, readonly message: string }

const OBJECT_NAME = /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/
const MAX_SHOWN = 300

/** @throws IssuerError if the answer is no such object */
export function readSigningRequest (found: Record<string, unknown>, server: string): SigningRequest {
  const { metadata, status } = found as { metadata?: Record<string, unknown>, status?: Record<string, unknown> }
  const { name, uid } = metadata ?? {}
  if (typeof name !== 'string' || !OBJECT_NAME.test(name) || typeof uid !== 'string' || uid === '') {
    const shown = `name ${clip(describeValue(name), MAX_SHOWN)}, uid ${clip(describeValue(uid), MAX_SHOWN)}`
    throw new IssuerError('answer', `${server}: the answer has ${shown}; expected those of a CertificateSigningRequest`)
  }
  const conditions = readConditions(status?.['conditions'])
  const refused = conditions.find(({ type }) => type === 'Denied' || type === 'Failed')
  return {
    name,
    uid,
    isApproved: conditions.some(({ type }) => type === 'Approved'),
    chain: readChain(status?.['certificate'], `${server}: the request ${name}`),
    refusal: refused && { type: refused.type as 'Denied', why: `${refused.reason}: ${refused.message}` }
  }
}

function readConditions (found: unknown): readonly Condition[] {
  const list = Array.isArray(found) ? found as Array<Record<string, unknown> | null> : []
  return list.filter((one) => one?.['status'] !== 'False').map((one) => ({
    type: readText(one?.['type'], 'no type'),
    reason: readText(one?.['reason'], 'no reason'),
    message: readText(one?.['message'], 'no message')
  }))
}

function readText (found: unknown, otherwise: string): string {
  return typeof found === 'string' ? clip(found, MAX_SHOWN) : otherwise
}

/** `status.certificate` is PEM in base64. */
function readChain (found: unknown, what: string): string | undefined {
  if (found === undefined || found === null || found === '') return undefined
  const chain = typeof found === 'string' ? readCertificates(Buffer.from(found, 'base64').toString()) : []
  if (chain.length > 0) return chain.join('')
  const shown = clip(describeValue(found), MAX_SHOWN)
  throw new IssuerError('answer', `${what} has the certificate ${shown}; expected PEM in base64`)
}
