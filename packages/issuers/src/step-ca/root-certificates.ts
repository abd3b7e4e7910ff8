import { X509Certificate } from 'node:crypto'
import { IssuerError } from '../errors.ts'
import { IssuerClient } from '../http/issuer-client.ts'
import { unverifiedAgent } from '../http/pinned-agent.ts'
import { readText, wrongFile } from '../http/read-text.ts'
import { readCertificates } from '../request/read-certificates.ts'
import { normalizeFingerprint } from './options.ts'
import type { StepCaIssuerOptions } from './options.ts'

/** Gets the pinned root certificates, PEM. */
export type PinnedRoots = (signal: AbortSignal) => Promise<readonly string[]>

/** The roots of a file, which is read each time, or the one of a fingerprint, which is fetched once. */
export function pinRoots (
  { root, fingerprint }: Pick<StepCaIssuerOptions, 'root' | 'fingerprint'>, base: URL, name: string
): PinnedRoots {
  if (root !== undefined) return async (signal) => await readRoots(root, name, signal)
  const wanted = normalizeFingerprint(fingerprint as string)
  let found: readonly string[] | undefined
  return async (signal) => {
    found ??= [await fetchRoot(wanted, { base, name, signal })]
    return found
  }
}

/** @throws IssuerError */
async function readRoots (path: string, name: string, signal: AbortSignal): Promise<readonly string[]> {
  const file = { name, option: 'root', path, expected: 'PEM certificates', signal }
  const roots = readCertificates(await readText(file))
  if (roots.length > 0) return roots
  throw wrongFile(file, 'no certificate')
}

interface Where { readonly base: URL, readonly name: string, readonly signal: AbortSignal }

/**
 * Asks for the root certificate of a fingerprint. The server cannot be verified before: the digest of its answer is.
 *
 * @throws IssuerError
 */
async function fetchRoot (wanted: string, { base, name, signal }: Where): Promise<string> {
  const agent = unverifiedAgent(signal)
  try {
    const client = new IssuerClient({ name, dispatcher: agent, trusted: 'any CA' })
    const { ca } = await client.callJson({ url: new URL(`/root/${wanted}`, base), method: 'GET', signal })
    const [pem] = typeof ca === 'string' ? readCertificates(ca) : []
    const found = pem === undefined ? 'none' : normalizeFingerprint(new X509Certificate(pem).fingerprint256)
    if (pem !== undefined && found === wanted) return pem
    const detail = `${name}: the root certificate of the answer has the fingerprint ${found}; expected ${wanted}`
    throw new IssuerError('answer', detail)
  } finally {
    await agent.destroy()
  }
}
