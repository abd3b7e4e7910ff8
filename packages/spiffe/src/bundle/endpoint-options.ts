import { parseSpiffeId } from '@peerkit/identity'
import {
  choice, defineOptions, duration, required, text, url, valueOf, wrongValue
} from '@peerkit/identity/internal'
import { SpiffeOptionError, detailOf } from '../errors.ts'
import { TRUST_DOMAIN, readTrustDomain } from '../source/trust-domain.ts'
import { parseBundleDocument, readPemBundle } from './format.ts'
import type { BundleDocument } from './format.ts'

/** Options of `spiffeBundle`. */
export interface BundleEndpointOptions {
  /** The trust domain whose bundle it is, such as `partner.example`. A document does not name it. */
  readonly trustDomain: string
  /** The URL of the bundle endpoint, `https://…`. */
  readonly url: string
  /**
   * How the server is authenticated.
   *
   * - `https_web`: by a certificate for the host of the URL, of a CA that Node trusts or of `ca`.
   * - `https_spiffe`: by an X.509-SVID with the ID `endpointSpiffeId`. The host of the URL does not matter.
   */
  readonly profile: 'https_web' | 'https_spiffe'
  /** The SPIFFE ID of the server. Required with `https_spiffe`. */
  readonly endpointSpiffeId?: string | undefined
  /** The CAs for `https_web`, PEM. Default: those of Node. */
  readonly ca?: string | readonly string[] | undefined
  /**
   * The first bundle of the trust domain: a bundle document or PEM, as text. It is in use until another one is fetched.
   * Required with `https_spiffe` if the server is of the same trust domain, unless `file` has a copy. If the server is
   * of another trust domain, the bundle of that one comes from another source.
   */
  readonly bootstrap?: string | undefined
  /**
   * The path of a file that keeps the last good bundle, for a start while the endpoint is away. Default: none is kept.
   */
  readonly file?: string | undefined
  /**
   * Milliseconds between two fetches. Default: `spiffe_refresh_hint` of the document, within 10 s and 1 hour; without a
   * hint 5 minutes.
   */
  readonly refresh?: number | undefined
  /** Milliseconds for one fetch, from the connection to the end of the answer. Default 10,000. */
  readonly timeout?: number | undefined
  /** Milliseconds before the first retry. Doubles with each retry. Default 1,000. */
  readonly retryFirst?: number | undefined
  /** The longest time between two retries, in milliseconds. Default 60,000. */
  readonly retryLongest?: number | undefined
}

/** Options that were checked. */
export interface ReadEndpoint {
  readonly trustDomain: string
  readonly url: URL
  /** The server, for `https_spiffe`. */
  readonly spiffe: { readonly id: string, readonly trustDomain: string } | undefined
  readonly ca: string | readonly string[] | undefined
  readonly bootstrap: BundleDocument | undefined
  readonly file: string | undefined
  readonly refresh: number | undefined
  readonly timeout: number
  readonly retry: { readonly first: number, readonly longest: number }
}

const isPem = (value: unknown): boolean => typeof value === 'string' && value.includes('-----BEGIN')
const OPTIONS = defineOptions<BundleEndpointOptions>('spiffeBundle', SpiffeOptionError, {
  trustDomain: required(TRUST_DOMAIN),
  url: required(url('an https:// URL without user and password', (given) => {
    return given.protocol === 'https:' && given.username === '' && given.password === ''
  })),
  profile: required(choice('https_web', 'https_spiffe')),
  endpointSpiffeId: text('a SPIFFE ID'),
  ca: valueOf('CA certificates, PEM', (value) => {
    return Array.isArray(value) ? value.length > 0 && value.every(isPem) : isPem(value)
  }),
  bootstrap: text('a bundle document or CA certificates in PEM'),
  file: text('the path of a file'),
  refresh: duration(),
  timeout: duration(),
  retryFirst: duration(),
  retryLongest: duration()
})

/** @throws SpiffeOptionError */
export function readEndpointOptions (options: BundleEndpointOptions): ReadEndpoint {
  OPTIONS.check(options)
  const { profile, ca, file, refresh, timeout = 10_000, retryFirst: first = 1_000 } = options
  const { retryLongest: longest = Math.max(60_000, first) } = options
  if (longest < first) {
    throw wrongValue(SpiffeOptionError, 'retryLongest', longest, `at least retryFirst, ${first}`)
  }
  const trustDomain = readTrustDomain(options.trustDomain, 'trustDomain')
  const spiffe = readServer(options)
  if (spiffe !== undefined && ca !== undefined) {
    throw new SpiffeOptionError('ca is set; expected it with the profile https_web alone')
  }
  const bootstrap = readBootstrap(options.bootstrap, trustDomain)
  if (profile === 'https_spiffe' && spiffe?.trustDomain === trustDomain) {
    if (bootstrap === undefined && file === undefined) {
      const expected = `the bundle of ${trustDomain}, to verify the server at the first fetch`
      throw wrongValue(SpiffeOptionError, 'bootstrap', undefined, expected)
    }
  }
  return {
    trustDomain, url: new URL(options.url), spiffe, ca, bootstrap, file, refresh, timeout, retry: { first, longest }
  }
}

function readServer ({ profile, endpointSpiffeId }: BundleEndpointOptions): ReadEndpoint['spiffe'] {
  if (profile === 'https_web') {
    if (endpointSpiffeId === undefined) return undefined
    throw new SpiffeOptionError('endpointSpiffeId is set; expected it with the profile https_spiffe alone')
  }
  try {
    const { trustDomain, path } = parseSpiffeId(String(endpointSpiffeId))
    if (path !== '') return { id: String(endpointSpiffeId), trustDomain }
  } catch {
    // It is named below.
  }
  const expected = 'the SPIFFE ID of the server, such as spiffe://partner.example/spire/server'
  throw wrongValue(SpiffeOptionError, 'endpointSpiffeId', endpointSpiffeId, expected)
}

function readBootstrap (given: string | undefined, trustDomain: string): BundleDocument | undefined {
  if (given === undefined) return undefined
  try {
    const read = given.trimStart().startsWith('{') ? parseBundleDocument : readPemBundle
    return read(given, trustDomain, 'bootstrap')
  } catch (error) {
    throw new SpiffeOptionError(detailOf(error as Error), { cause: error })
  }
}
