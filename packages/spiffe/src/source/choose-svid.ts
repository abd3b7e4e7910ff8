import { SpiffeInvalidError } from '../errors.ts'
import type { Svid } from './read-update.ts'

/** Which of several X.509-SVIDs is ours. */
export interface SvidChoice {
  /** The hint that the operator gave it. */
  readonly hint?: string | undefined
  readonly spiffeId?: string | undefined
}

/**
 * The SVID of this process: the one with the hint or the SPIFFE ID, else the first (SPIFFE Workload API section 8).
 *
 * @throws SpiffeInvalidError with the reason `svid` if there is none
 */
export function chooseSvid (svids: readonly Svid[], { hint, spiffeId }: SvidChoice): Svid {
  const found = svids.find((svid) => (hint === undefined || svid.hint === hint) &&
    (spiffeId === undefined || svid.spiffeId === spiffeId))
  if (found !== undefined) return found
  const wanted = [
    ...(hint === undefined ? [] : [`the hint ${JSON.stringify(hint)}`]),
    ...(spiffeId === undefined ? [] : [`the SPIFFE ID ${spiffeId}`])
  ].join(' and ')
  const given = svids.map((svid) => svid.hint === '' ? svid.spiffeId : `${svid.spiffeId} (${svid.hint})`).join(', ')
  throw new SpiffeInvalidError('svid', `no X.509-SVID has ${wanted}; the agent gave ${given.slice(0, 1000)}`)
}
