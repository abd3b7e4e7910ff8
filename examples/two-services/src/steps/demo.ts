import type { World } from '../mint.ts'
import type { Transcript } from '../transcript.ts'

/** What every step works with. */
export interface Demo { readonly world: World, readonly transcript: Transcript, readonly ledger: string, readonly orders: string }
