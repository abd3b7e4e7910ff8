import type { CheckedAuthority } from '../authority/check-authority.ts'
import type { CheckedTrust } from '../check-material.ts'
import type { TrustSnapshot } from '../credential-snapshot.ts'
import type { Part } from '../part.ts'
import type { Checkers } from '../revocation-checker.ts'

/** The source that the follower updates. */
export interface Followed<Checked extends CheckedTrust> {
  readonly current: TrustSnapshot
  /** The checked material in use. */
  readChecked (): Checked
  readonly closed: boolean
  changedAuthorities (checked: Checked): readonly CheckedAuthority[]
  take (checked: Checked, checkers: Checkers): unknown
  warn (message: string): void
  wait (error: Error, part: Part): void
  refuse (error: Error, part: Part): void
  recover (refused: ReadonlyMap<Part, Error>): void
}
