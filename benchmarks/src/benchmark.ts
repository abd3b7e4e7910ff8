// The shapes of a benchmark and of its results. They are used for the screen, for JSON and for docs/performance.md.

/** How thorough a run is. A benchmark takes its rounds and times only from here. */
export interface Setting {
  /** A smoke test, whose figures mean nothing. */
  readonly quick: boolean
  /** Interleaved rounds. */
  readonly rounds: number
  /** Seconds of load in one measurement. */
  readonly seconds: number
}

/** The median of several rounds, between its quartiles. */
export interface Figure {
  readonly median: number
  readonly low: number
  readonly high: number
  /** Half the distance between the quartiles, as a share of the median: of the ratio where there is one. */
  readonly spread: number
  /** Whether the spread is so wide that the figure says little. */
  readonly wide: boolean
  /** The median of the rounds' own ratios to the first contender. */
  readonly ratio: number | undefined
}

export interface Metric {
  readonly key: string
  /** Column title, the unit included. */
  readonly title: string
  /** Digits behind the point. Default 0. */
  readonly digits?: number
  /** Whether the ratio to the first contender is shown. */
  readonly ratio?: boolean
  /** Whether the quartiles are shown in place of a mark. They say how much the rounds differed. */
  readonly quartiles?: boolean
  /** Whether the rounds are added up. Something that must never happen must not be hidden by a median. */
  readonly sum?: boolean
}

export interface Comparison {
  readonly kind: 'comparison'
  readonly title: string
  readonly metrics: readonly Metric[]
  readonly rows: ReadonlyArray<{ readonly name: string, readonly figures: Readonly<Record<string, Figure>> }>
  readonly notes?: readonly string[]
}

/** Cost against size, plotted with logarithmic axes. */
export interface Series {
  readonly kind: 'series'
  /** Names the plot's file. */
  readonly id: string
  readonly title: string
  readonly size: string
  readonly unit: string
  readonly digits?: number
  readonly lines: ReadonlyArray<{
    readonly name: string
    readonly points: ReadonlyArray<{ readonly size: number } & Pick<Figure, 'median' | 'low' | 'high' | 'wide'>>
  }>
  readonly notes?: readonly string[]
}

/** What was measured over time, plotted with a logarithmic axis for the values. */
export interface Timeline {
  readonly kind: 'timeline'
  /** Names the plot's file. */
  readonly id: string
  readonly title: string
  readonly unit: string
  /** One below the other. */
  readonly lanes: ReadonlyArray<{
    readonly name: string
    /** Milliseconds since the moment that is marked, and the value. */
    readonly points: ReadonlyArray<readonly [number, number]>
    /** The span that is shaded, in milliseconds. */
    readonly span: readonly [number, number]
  }>
  readonly notes?: readonly string[]
}

export interface Text { readonly kind: 'text', readonly title: string, readonly text: string }

export type Section = Comparison | Series | Timeline | Text

/** What a benchmark's module exports. If it exports none, what it prints is the result. */
export type Run = (setting: Setting) => Promise<readonly Section[]>

export interface Machine {
  readonly node: string
  readonly openssl: string
  readonly cores: number
  readonly model: string
  readonly memory: string
  readonly system: string
  readonly loadBefore: readonly number[]
  readonly loadAfter: readonly number[]
  /** Versions of other programs, as they print them. */
  readonly programs: Readonly<Record<string, string>>
}

export interface Result {
  readonly name: string
  readonly quick: boolean
  readonly started: string
  readonly seconds: number
  readonly setting: Setting
  readonly machine: Machine
  readonly sections: readonly Section[]
}
