/** What came and what went with a change, a line each. */
export interface Difference {
  readonly came: readonly string[]
  readonly went: readonly string[]
  /** Further lines about the change. */
  readonly notes: readonly string[]
  /** The distinguished names that occur in the texts. */
  readonly names: readonly string[]
  /** Lines that are not listed. */
  readonly more: number
}

/** The largest number of lines of each list. */
export const MAX_LINES = 20

export const NO_DIFFERENCE: Difference = Object.freeze({ came: [], went: [], notes: [], names: [], more: 0 })
