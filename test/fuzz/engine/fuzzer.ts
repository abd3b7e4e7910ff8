/** What went wrong, and the input that shows it. */
export interface Finding {
  readonly problem: string
  readonly input: Uint8Array
}

/** One run of a fuzzer. */
export interface FuzzTask {
  /** The same seed gives the same inputs. */
  readonly seed: number
  /** Whether to stop after so many inputs. */
  readonly isOver: (inputs: number) => boolean
  /** Called with each input before it is tried, so that the input of a hang is known. */
  readonly onInput: (input: Uint8Array) => void
  /** Called with each finding at once. */
  readonly onFinding: (finding: Finding) => void
}

/** What a run did. */
export interface FuzzReport {
  readonly inputs: number
  /** How often which answer was given. A fuzzer that is only ever refused proves nothing. */
  readonly answers: Readonly<Record<string, number>>
  /** Counted steps of the code under test; undefined where they are not counted. */
  readonly steps?: number | undefined
}

/** A run that has been loaded. */
export type Fuzz = (task: FuzzTask) => Promise<FuzzReport>

/** An entry of the table in `fuzzers.ts`. */
export interface Fuzzer {
  /** As `--only` names it, and the name of its folder in `corpus/`. */
  readonly name: string
  /** What is fuzzed, in a few words. */
  readonly about: string
  /** Loaded when it runs: a step is counted only in code that was loaded after counting began. */
  load (): Promise<Fuzz>
}
