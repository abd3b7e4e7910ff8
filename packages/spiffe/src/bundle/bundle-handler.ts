import { createHash } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { SnapshotAuthority, TrustSource } from '@peerkit/credentials'
import { encodePem, parseSpiffeId } from '@peerkit/identity'
import type { PeerIdentity } from '@peerkit/identity'
import {
  checkOption, count, defineOptions, derOf, func, required, source, wrongValue
} from '@peerkit/identity/internal'
import { SpiffeOptionError } from '../errors.ts'
import { TRUST_DOMAIN, readTrustDomain } from '../source/trust-domain.ts'
import { writeBundleDocument } from './format.ts'
import { nextSequence } from './sequence.ts'

/** Options of `bundleHandler`. */
export interface BundleHandlerOptions {
  /** The trust domain whose bundle is served. Default: that of our X.509-SVID. */
  readonly trustDomain?: string | undefined
  /** How often others are to ask for it, in seconds. Default 300. */
  readonly refreshHint?: number | undefined
  /**
   * Returns the sequence number of the bundle in use, where its owner counts. Default: that of its source; without one
   * it is made of the CA certificates, see the README. If it throws, or returns no whole number, the answer is 500.
   */
  readonly sequence?: (() => number) | undefined
}

/** The part of a request that the handler reads. */
type BundleRequest = Pick<IncomingMessage, 'method' | 'headers'>

/** The part of a Fastify reply that the handler uses. */
interface BundleReply {
  readonly raw: object
  code (status: number): unknown
  headers (values: Record<string, string>): unknown
  send (body?: string): unknown
}

/** Answers with a bundle: the handler of a Fastify route, or a listener of `node:http` and `node:https`. */
export type BundleHandler = (request: BundleRequest, response: BundleReply | ServerResponse) => void

const OPTIONS = defineOptions<BundleHandlerOptions>('bundleHandler', SpiffeOptionError, {
  trustDomain: TRUST_DOMAIN,
  refreshHint: count({ least: 1, most: 86_400 }),
  sequence: func('a function that returns the sequence number')
})
const SOURCE = required(source('a source such as spiffeCredentials() returns', 'authorities'))

/**
 * Makes a handler that serves the bundle of our trust domain to others, as a bundle endpoint does (SPIFFE Federation
 * section 5.2). It has the X.509 CA certificates in use, and no JWT keys. It answers GET and HEAD, and 304 to a client
 * that has the document already. Every client may read it: a bundle is public.
 *
 * @param credentials the source whose bundle it is
 * @param options how often others are to ask for it
 * @throws SpiffeOptionError if an argument or an option is wrong
 * @example
 * ```ts
 * import { createServer } from 'node:https'
 * const trust = await spiffeTrust({ bundles: [spiffeBundleFile({ trustDomain: 'prod.example', file: 'ca.pem' })] })
 * const handler = bundleHandler(trust, { trustDomain: 'prod.example' })
 * const server = createServer({ cert: issued.chain, key: issued.key }, handler)
 * server.close()
 * await trust.close()
 * ```
 */
export function bundleHandler (credentials: TrustSource, options: BundleHandlerOptions = {}): BundleHandler {
  checkOption(credentials, SOURCE, 'credentials', SpiffeOptionError)
  OPTIONS.check(options)
  const { refreshHint = 300, sequence } = options
  const trustDomain = options.trustDomain === undefined
    ? ownTrustDomain(credentials)
    : readTrustDomain(options.trustDomain, 'trustDomain')
  let written: { readonly of: SnapshotAuthority, readonly sequence: number, readonly body: string } | undefined
  const write = (): string | undefined => {
    const authority = credentials.current.authorities.find(({ name }) => name === trustDomain)
    if (authority === undefined) return undefined
    const number = callSequence(sequence) ?? sequenceOfSource(credentials, trustDomain)
    const isNumbered = number === undefined || number === written?.sequence
    if (written === undefined || !isNumbered || !isSame(written.of, authority)) {
      const made = number ?? nextSequence(authority.anchors, written?.sequence)
      const ca = authority.anchors.map((anchor) => encodePem(derOf(anchor) as Uint8Array))
      written = { of: authority, sequence: made, body: writeBundleDocument({ ca, sequence: made, refreshHint }) }
    }
    return written.body
  }
  return (request, response) => {
    try {
      send(response, request.method === 'HEAD', answer(request, write))
    } catch (error) {
      // Fastify logs it. A listener that throws ends the process.
      if ('raw' in response) throw error
      process.emitWarning(`bundleHandler: ${(error as Error).message}`, { code: 'PEERKIT_BUNDLE_FAILED' })
      response.writeHead(500, { 'content-type': 'text/plain', 'cache-control': 'no-store' }).end('failed\n')
    }
  }
}

/** @throws SpiffeOptionError, or what the function throws */
function callSequence (sequence: BundleHandlerOptions['sequence']): number | undefined {
  const number = sequence?.()
  if (number === undefined || (Number.isSafeInteger(number) && number >= 0)) return number
  throw wrongValue(SpiffeOptionError, 'sequence', number, 'a function that returns a whole number')
}

interface Answer { readonly status: number, readonly headers: Record<string, string>, readonly body: string }

function answer ({ method, headers }: BundleRequest, write: () => string | undefined): Answer {
  if (method !== 'GET' && method !== 'HEAD') {
    return { status: 405, headers: { allow: 'GET, HEAD', 'content-type': 'text/plain' }, body: 'GET and HEAD only\n' }
  }
  const body = write()
  if (body === undefined) {
    const plain = { 'content-type': 'text/plain', 'cache-control': 'no-store', 'retry-after': '60' }
    return { status: 503, headers: plain, body: 'there is no bundle at this moment\n' }
  }
  const etag = `"${createHash('sha256').update(body).digest('base64url')}"`
  // A cache asks each time: a CA that was withdrawn must not live on in it.
  const cached = { etag, 'cache-control': 'no-cache' }
  const known = (headers['if-none-match'] ?? '').split(',').map((tag) => tag.trim().replace(/^W\//, ''))
  if (known.includes(etag) || known.includes('*')) return { status: 304, headers: cached, body: '' }
  return { status: 200, headers: { ...cached, 'content-type': 'application/json' }, body }
}

function send (response: BundleReply | ServerResponse, isHead: boolean, { status, headers, body }: Answer): void {
  if ('raw' in response) {
    response.code(status)
    response.headers(headers)
    response.send(body)
    return
  }
  const length = { 'content-length': String(Buffer.byteLength(body)) }
  response.writeHead(status, status === 304 ? headers : { ...headers, ...length })
  response.end(isHead || status === 304 ? undefined : body)
}

/** Whether two authorities have the same CA certificates. */
function isSame (one: SnapshotAuthority, other: SnapshotAuthority): boolean {
  const list = ({ anchors }: SnapshotAuthority): string => anchors.map(({ fingerprint256 }) => fingerprint256).join()
  return one === other || list(one) === list(other)
}

function sequenceOfSource (credentials: TrustSource, trustDomain: string): number | undefined {
  return credentials.status?.().bundles.find(({ authority }) => authority === trustDomain)?.sequence
}

/** @throws SpiffeOptionError */
function ownTrustDomain ({ current }: TrustSource): string {
  const { identity } = current as { readonly identity?: PeerIdentity }
  if (identity?.spiffeId !== undefined) return parseSpiffeId(identity.spiffeId).trustDomain
  const expected = 'a trust domain, because the source has no X.509-SVID of its own'
  throw wrongValue(SpiffeOptionError, 'trustDomain', undefined, expected)
}
