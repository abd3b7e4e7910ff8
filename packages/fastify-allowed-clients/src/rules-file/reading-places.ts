import type { RulesAnswer, RulesJob } from './rules-job.ts'

/** Reads a rules file in a worker. */
export type ReadInWorker = (job: RulesJob, signal: AbortSignal) => Promise<RulesAnswer>

/** Where a rules file is read. */
export interface ReadingPlaces {
  /** The largest file that the main thread reads, in bytes. */
  readonly mostHere?: number | undefined
  /** Reads the others. */
  readonly inWorker?: ReadInWorker | undefined
}

/** The option of tests that have files read elsewhere. */
export const PLACES: unique symbol = Symbol('peerkit.reading-places')
