import type { NearestRule } from '@peerkit/events'
import { clip } from '@peerkit/identity/internal'

const MAX_KEYS = 20

/** Why the closest rule did not match, a line each. */
export function describeNearest (nearest: NearestRule | undefined): readonly string[] {
  if (nearest === undefined) return []
  const { path, matched, failed } = nearest
  const holds = matched.length === 0 ? '' : `; ${matched.join(', ')} ${matched.length === 1 ? 'holds' : 'hold'}`
  const lines = failed.slice(0, MAX_KEYS).map(({ key, expected, found, note, isClaim = false }) => {
    const wanted = `${key === 'not' ? 'refuses' : 'expected'} ${expected.join(' or ')}`
    const given = `${isClaim ? 'the certificate claims' : 'found'} ${describeFound(found)}`
    return `${key}: ${wanted}, ${given}${note === undefined ? '' : ` (${note})`}`
  })
  return [`closest rule: ${path}${holds}`, ...lines].map((line) => clip(line) as string)
}

function describeFound (found: readonly string[] | undefined): string {
  if (found === undefined) return 'unknown'
  return found.length === 0 ? 'none' : found.map((text) => JSON.stringify(text)).join(', ')
}
