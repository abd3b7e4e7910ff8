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
  /** How our certificate is renewed, of sources that ask somebody for it. Undefined: they ask nobody. */
  readonly renewal?: RenewalStatus | undefined
}

/** How our certificate is renewed. */
export interface RenewalStatus {
  /** Who is asked, as the issuer says: `name` of the `CertificateIssuer`. Undefined: it does not say. */
  readonly issuer: string | undefined
  /** The issuer that the certificate in use names, RFC 4514. */
  readonly issuedBy: string | undefined
  /** When the last attempt succeeded, in milliseconds since the epoch. */
  readonly renewedAt: number
  /** When the next attempt is due, in milliseconds since the epoch. Undefined while one runs, and after the end. */
  readonly nextRenewal: number | undefined
  /** How many attempts have failed in a row. 0: the last one succeeded. */
  readonly failures: number
  /** When the first of these was, in milliseconds since the epoch. Undefined without one. */
  readonly failingSince: number | undefined
  /** The code of the last of these, that of the issuer's own error where it has one: `MTLS_ERR_ISSUER`. */
  readonly code: string | undefined
  /** Its `reason`: `rate_limited`. */
  readonly reason: string | undefined
  /** The option `store`. Undefined: there is none. */
  readonly store: StoreStatus | undefined
}

/** The store of a certificate that instances share. */
export interface StoreStatus {
  readonly name: string
  /** Why it failed when it was last used. The certificate is renewed without it. */
  readonly problem: string | undefined
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
