import type { SnapshotAuthority } from '@peerkit/credentials'
import { clip } from '@peerkit/identity/internal'
import { describeAuthorityUse, describeNames } from './authorities.ts'

/** The largest number of lines for a rotation. */
const MAX_LINES = 20

type Authorities = readonly SnapshotAuthority[]

/** The changes of authorities by a rotation, a line each: added, removed, changed limits, moved CAs. */
export function compareAuthorities (before: Authorities, after: Authorities): readonly string[] {
  const [old, now] = [byName(before), byName(after)]
  const added = after.filter(({ name }) => !old.has(name))
  const addedLines = added.map((authority) => `authority "${authority.name}" added: ${describeWhole(authority)}`)
  const removedLines = before.filter(({ name }) => !now.has(name)).map(({ name }) => `authority "${name}" removed`)
  const changed = after.flatMap((one) => {
    return compareLimits(old.get(one.name) ?? one, one).map((text) => `authority "${one.name}" ${text}`)
  })
  const all = [
    ...addedLines,
    ...removedLines,
    ...changed,
    ...listMoved(before, after)
  ].map((text) => clip(text, 600))
  if (all.length <= MAX_LINES) return all
  return [...all.slice(0, MAX_LINES), `and ${all.length - MAX_LINES} more changes of authorities`]
}

function byName (authorities: Authorities): ReadonlyMap<string, SnapshotAuthority> {
  return new Map(authorities.map((authority) => [authority.name, authority]))
}

function describeWhole (authority: SnapshotAuthority): string {
  const { for: use, names, serverAuthOnlyUntil } = authority
  const until = serverAuthOnlyUntil === undefined ? '' : `, ${describeServerAuthOnly(undefined, serverAuthOnlyUntil)}`
  return `for ${describeAuthorityUse(use)}, vouches for ${listNames(names)}${until}`
}

type Limit = 'for' | 'names' | 'serverAuthOnlyUntil' | 'partial' | 'algorithms' | 'tolerate'

function compareLimits (before: SnapshotAuthority, after: SnapshotAuthority): readonly string[] {
  const differs = (part: Limit): boolean => JSON.stringify(before[part]) !== JSON.stringify(after[part])
  return [
    differs('names') && `vouches for ${listNames(after.names)}; before for ${listNames(before.names)}`,
    differs('for') && `is for ${describeAuthorityUse(after.for)}; before for ${describeAuthorityUse(before.for)}`,
    differs('serverAuthOnlyUntil') && describeServerAuthOnly(before.serverAuthOnlyUntil, after.serverAuthOnlyUntil),
    differs('partial') && `${after.partial ? 'accepts' : 'no longer accepts'} paths that end at an intermediate`,
    differs('tolerate') && describeTolerate(after.tolerate),
    differs('algorithms') && 'has other requirements on signatures and keys'
  ].filter((text) => text !== false)
}

function describeTolerate (flaws: SnapshotAuthority['tolerate']): string {
  return flaws.length === 0 ? 'no longer tolerates flaws' : `tolerates the flaws ${flaws.join(', ')}`
}

function listNames (names: SnapshotAuthority['names']): string {
  return describeNames(names).join(', ')
}

function describeServerAuthOnly (before: number | undefined, after: number | undefined): string {
  if (after === undefined) return 'no longer accepts certificates with only serverAuth'
  const earlier = before === undefined ? '' : `; before until ${formatDay(before)}`
  return `accepts certificates with only serverAuth until ${formatDay(after)}${earlier}`
}

function formatDay (time: number): string {
  return new Date(time).toISOString().slice(0, 10)
}

/** CAs that are now in another authority, so that they vouch for other names. */
function listMoved (before: Authorities, after: Authorities): readonly string[] {
  const owners = new Map<string | undefined, string>()
  for (const { name, anchors } of before) for (const { fingerprint256 } of anchors) owners.set(fingerprint256, name)
  return after.flatMap(({ name, anchors }) => anchors.flatMap((anchor) => {
    const owner = owners.get(anchor.fingerprint256)
    if (owner === undefined || owner === name) return []
    return [`${String(anchor)} moved from authority "${owner}" to "${name}"`]
  }))
}
