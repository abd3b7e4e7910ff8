import type { Random } from '@peerkit/test-support/random'

/** Input that somebody else writes, and the code that reads it. */
export interface Format {
  /** The name of its folder in `corpus/`. */
  readonly name: string
  /** Valid inputs, and some that are refused late. They are made anew for each run. */
  readonly seeds: readonly Buffer[]
  /** A changed copy of `seed`. `others` are inputs to take pieces from. */
  mutate (seed: Buffer, others: readonly Buffer[], random: Random): Buffer
  /** Reads an input as the product does. */
  read (input: Buffer): unknown
  /** Whether the documentation says that `read` throws this. */
  isDocumented (error: unknown): boolean
  /** What is wrong with what was read, such as a text that does not read back; undefined if nothing is. */
  check? (found: any, input: Buffer): string | undefined | Promise<string | undefined>
  /** The answer, for the counts of the report. Default: "read". */
  label? (found: any): string
  /**
   * The most steps for an input, by its octets. Measured on the seeds and rounded up, so that work which grows faster
   * than the input is a finding. Default: not bounded.
   */
  maxSteps? (octets: number): number
}

/** Text as an input, one character an octet or more. */
export function textInput (text: string): Buffer { return Buffer.from(text, 'utf8') }

/** Whether an error has one of these codes of the suite. */
export function hasCode (error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && codes.includes(String((error as { code?: unknown }).code))
}
