import type { CrlChecker } from '@peerkit/revocation'
import type { CheckedMaterial } from './create-snapshot.ts'

/** What one look at the files brought. */
export interface LoadedFiles {
  readonly checked: CheckedMaterial
  /** Of the files as they were before they were read. */
  readonly signature: string
  /** Loads the CRLs; needed only where the trust changed. */
  makeChecker (): Promise<CrlChecker | undefined>
}
