import type { RequestedNames } from '../request/requested-names.ts'

/** What is asked of a role, beside the names. */
export interface BodyOptions {
  /** Milliseconds. Default: that of the role. */
  readonly ttl: number | undefined
  readonly parameters: Readonly<Record<string, unknown>>
}

/**
 * The parameters of `sign` and `issue`. The names are in the certificate request too; which of both counts is a setting
 * of the role (`use_csr_common_name`, `use_csr_sans`).
 */
export function describeRequest (names: RequestedNames, { ttl, parameters }: BodyOptions): Record<string, unknown> {
  const { cn, dns = [], email = [], ip = [], uri = [] } = names
  const others = [...dns, ...email]
  return {
    ...parameters,
    format: 'pem',
    ...(cn !== undefined && { common_name: cn }),
    ...(others.length > 0 && { alt_names: others.join(',') }),
    ...(ip.length > 0 && { ip_sans: ip }),
    ...(uri.length > 0 && { uri_sans: uri }),
    ...(ttl !== undefined && { ttl: `${Math.round(ttl / 1000)}s` })
  }
}

/**
 * Whether OpenBao warns of what is as it should be: a role takes the names of the certificate request, which are the
 * same, or nobody asked for a lifetime and the role has a limit.
 */
export function isExpected (warning: string, ttl: number | undefined): boolean {
  return /was provided but the role is set with "use_csr_/.test(warning) ||
    (ttl === undefined && /^TTL ".*" is longer than permitted maxTTL/.test(warning))
}
