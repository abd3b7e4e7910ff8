import type { BundleStatus, RenewalStatus, SourceStatus } from '@peerkit/credentials'
import { clip } from '@peerkit/identity/internal'
import type { ConsoleState } from '../console-state.ts'

/** Where the credentials come from, and whether new ones can be had. */
export type ShownSource = SourceStatus

/** Characters of what others wrote. */
export const MAX_TEXT = 500

/** Undefined if the source does not tell. Problems contain what others sent, so they are shortened. */
export function gatherSource ({ credentials }: Pick<ConsoleState, 'credentials'>): ShownSource | undefined {
  const status = credentials.status?.()
  if (status === undefined) return undefined
  const { kind, origin, state, since, problem, bundles, renewal } = status
  return {
    kind: clip(kind, MAX_TEXT),
    origin: clip(origin, MAX_TEXT),
    state,
    since,
    problem: clipIfThere(problem),
    bundles: bundles.map(showBundle),
    ...(renewal !== undefined && { renewal: showRenewal(renewal) })
  }
}

function showRenewal (renewal: RenewalStatus): RenewalStatus {
  const { issuer, issuedBy, renewedAt, nextRenewal, failures, failingSince, code, reason, store } = renewal
  return {
    issuer: clipIfThere(issuer),
    issuedBy: clipIfThere(issuedBy),
    renewedAt,
    nextRenewal,
    failures,
    failingSince,
    code: clipIfThere(code),
    reason: clipIfThere(reason),
    store: store && { name: clip(store.name, MAX_TEXT), problem: clipIfThere(store.problem) }
  }
}

function clipIfThere (text: string | undefined): string | undefined {
  return text === undefined ? undefined : clip(text, MAX_TEXT)
}

function showBundle ({ authority, origin, sequence, refreshedAt, nextRefresh, problem }: BundleStatus): BundleStatus {
  return {
    authority,
    origin: clip(origin, MAX_TEXT),
    sequence,
    refreshedAt,
    nextRefresh,
    problem: clipIfThere(problem)
  }
}
