import type { World } from '../mint.ts'
import type { Transcript } from '../transcript.ts'

/** What every step uses. */
export interface Demo {
  readonly world: World
  readonly transcript: Transcript
  /** Origins of the services. */
  readonly ledger: string
  readonly orders: string
}
