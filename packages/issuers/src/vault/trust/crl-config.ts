import { IssuerError } from '../../errors.ts'

interface CrlConfigContext {
  readonly mounts: readonly string[]
  /** Calls with our token. */
  readonly read: (path: string) => Promise<Readonly<Record<string, unknown>>>
}

/**
 * Finds settings of the CRLs of mounts that will refuse every peer one day. The policy of the token must allow `read`
 * on `config/crl`; without that, nothing is found.
 *
 * @returns a sentence for each
 * @throws IssuerError if OpenBao does not answer
 */
export async function findCrlProblems ({ mounts, read }: CrlConfigContext): Promise<readonly string[]> {
  const found = await Promise.all(mounts.map(async (mount) => {
    const { disable, auto_rebuild: isRebuilt, expiry } = await read(`${mount}/config/crl`).catch(ignoreDenied)
    if (disable === true) return [`the CRLs of ${mount} are switched off (disable=true): none will replace that in use`]
    if (isRebuilt !== false) return []
    const end = typeof expiry === 'string' ? ` ${expiry} after the last revocation` : ''
    return [`the CRLs of ${mount} end${end} and are not replaced (auto_rebuild=false). Then every peer is refused: ` +
      `bao write ${mount}/config/crl auto_rebuild=true`]
  }))
  return found.flat()
}

function ignoreDenied (error: unknown): Readonly<Record<string, unknown>> {
  if (error instanceof IssuerError && (error.status === 403 || error.status === 404)) return {}
  throw error
}
