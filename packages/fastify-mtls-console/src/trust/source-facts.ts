import type { BundleStatus, SourceStatus } from '@peerkit/credentials'
import { clip } from '@peerkit/identity/internal'
import type { ConsoleState } from '../console-state.ts'

/** Where the credentials come from, and whether new ones can be had. */
export type ShownSource = SourceStatus

const MAX_TEXT = 500

/** Undefined if the source does not tell. Problems contain what others sent, so they are shortened. */
export function gatherSource ({ credentials }: Pick<ConsoleState, 'credentials'>): ShownSource | undefined {
  const status = credentials.status?.()
  if (status === undefined) return undefined
  const { kind, origin, state, since, problem, bundles } = status
  return {
    kind: clip(kind, MAX_TEXT),
    origin: clip(origin, MAX_TEXT),
    state,
    since,
    problem: problem === undefined ? undefined : clip(problem, MAX_TEXT),
    bundles: bundles.map(showBundle)
  }
}

function showBundle ({ authority, origin, sequence, refreshedAt, nextRefresh, problem }: BundleStatus): BundleStatus {
  return {
    authority,
    origin: clip(origin, MAX_TEXT),
    sequence,
    refreshedAt,
    nextRefresh,
    problem: problem === undefined ? undefined : clip(problem, MAX_TEXT)
  }
}
