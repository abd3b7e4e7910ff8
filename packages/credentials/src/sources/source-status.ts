/**
 * How a source gets new material, and whether it can at this moment. For the console, monitoring and readiness: what is
 * in use is in the snapshot.
 */
export interface SourceStatus {
  /** Where the material comes from: `files`, `memory`, `provider`, `issuer`, `workload api` or `bundles`. */
  readonly kind: string
  /** What it is in particular: a socket, a URL, the folder of the files. */
  readonly origin: string
  /** `live`: new material can be had. `failing`: it cannot, and the last good one stays in use. */
  readonly state: 'live' | 'failing' | 'closed'
  /** When that state began, in milliseconds since the epoch. */
  readonly since: number
  /** Why it is failing. */
  readonly problem: string | undefined
  /** The trust bundles that are fetched by themselves, one for each authority. Empty where there are none. */
  readonly bundles: readonly BundleStatus[]
}

/** The state of the trust bundle of one authority. */
export interface BundleStatus {
  /** The name of the authority: that of the trust domain. */
  readonly authority: string
  /** Where it comes from: `workload api`, a URL or a file. */
  readonly origin: string
  /** Counts the changes of the bundle. Undefined: its owner does not count. */
  readonly sequence: number | undefined
  /**
   * When it was last got or confirmed, in milliseconds since the epoch. Its age for monitoring. One that is pushed is
   * confirmed as long as its source is live. Undefined: none was ever got.
   */
  readonly refreshedAt: number | undefined
  /** When it is asked for next, in milliseconds since the epoch. Undefined: it is pushed. */
  readonly nextRefresh: number | undefined
  /** Why the last attempt failed. The bundle that was in use then stays in use. */
  readonly problem: string | undefined
}
