/** What a resolver is asked. */
export interface ResolveQuestion {
  /** The origin whose server is called. */
  readonly origin: string
  /** Aborted after half of the option `connectTimeout`, or when the agent is destroyed. */
  readonly signal: AbortSignal
}

/**
 * Says where the server of an origin is at this moment: an address such as `https://10.0.0.7:8443`, or several. They are
 * tried in this order; shuffle them to spread connections. The first 16 are used.
 */
export type Resolve = (
  question: ResolveQuestion
) => string | readonly string[] | Promise<string | readonly string[]>
