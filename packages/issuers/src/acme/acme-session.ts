import { clip, describeUrl } from '@peerkit/identity/internal'
import { IssuerError } from '../errors.ts'
import type { IssuerReason } from '../errors.ts'
import type { IssuerAnswer, IssuerClient } from '../http/issuer-client.ts'
import { readRetryAfter } from '../http/retry-after.ts'
import { explainMissing, readDirectory, readServerUrl } from './directory.ts'
import type { AcmeDirectory } from './directory.ts'
import type { AccountSigner } from './jws.ts'
import { readProblem } from './problem.ts'
import type { AcmeProblem } from './problem.ts'

/** A server may refuse some nonces without a cause. One that refuses all of them is not asked for ever. */
const MOST_NONCES = 10
const JOSE = 'application/jose+json'
/** RFC 8555 section 6.1 asks every client for a name. */
const HEADERS = { 'user-agent': 'peerkit-issuers', 'accept-language': 'en' }
const MAX_SHOWN = 300

/** What a session talks to, and for how long. */
export interface SessionOptions {
  readonly client: IssuerClient
  /** The server, for errors. */
  readonly name: string
  readonly directory: URL
  readonly signer: AccountSigner
  readonly signal: AbortSignal
  readonly now: () => number
}

/** An answer of the server. */
export interface AcmeAnswer {
  readonly status: number
  readonly headers: IssuerAnswer['headers']
  readonly text: string
  /** Milliseconds, at most one day. */
  readonly retryAfter: number | undefined
  /** The answer as a JSON object. @throws IssuerError */
  json (): Readonly<Record<string, unknown>>
}

/** An ACME server said no. */
export class AcmeProblemError extends IssuerError {
  readonly problem: AcmeProblem

  constructor (
    problem: AcmeProblem, detail: string, { status, retryAfter }: { status: number, retryAfter: number | undefined }
  ) {
    super(reasonOf(problem, status), detail, { status, retryAfter })
    this.problem = problem
  }
}

/**
 * Signed requests to an ACME server during one call of the issuer. It keeps the nonces; nothing outlives the call, so
 * that a server which forgot its accounts or moved its URLs is met afresh.
 */
export class AcmeSession {
  readonly #options: SessionOptions
  readonly directory: AcmeDirectory
  #nonce: string | undefined

  private constructor (options: SessionOptions, directory: AcmeDirectory) {
    this.#options = options
    this.directory = directory
  }

  /** Reads the directory. @throws IssuerError */
  static async open (options: SessionOptions): Promise<AcmeSession> {
    const { client, name, directory: url, signal } = options
    const found = await client.callJson({ url, method: 'GET', headers: HEADERS, signal }).catch((error: unknown) => {
      throw error instanceof IssuerError && error.status === 404 ? explainMissing(error) : error
    })
    const locate = (value: unknown, what: string): URL => readServerUrl(value, what, { origin: url.origin, name })
    return new AcmeSession(options, readDirectory(found, name, locate))
  }

  get name (): string { return this.#options.name }
  get signer (): AccountSigner { return this.#options.signer }
  get signal (): AbortSignal { return this.#options.signal }

  /** Reads a URL in an answer. @throws IssuerError */
  locate (value: unknown, what: string): URL {
    const { name, directory } = this.#options
    return readServerUrl(value, what, { origin: directory.origin, name })
  }

  /**
   * Sends a signed request. Without a payload it is a POST-as-GET.
   *
   * @param kid the URL of the account; undefined for requests that the key itself identifies
   * @throws AcmeProblemError, IssuerError
   */
  async post (url: URL, payload: object | undefined, kid: string | undefined): Promise<AcmeAnswer> {
    const identifies = kid === undefined ? { jwk: this.signer.jwk } : { kid }
    for (let count = 1; ; count += 1) {
      const nonce = await this.#takeNonce()
      const body = this.signer.sign({ ...identifies, nonce, url: url.href }, payload)
      const answer = await this.#call(url, 'POST', JSON.stringify(body))
      const isSpent = answer.error?.problem.type === 'badNonce' && count < MOST_NONCES
      if (answer.error === undefined) return answer
      if (!isSpent) throw answer.error
    }
  }

  /** Gets a public object, which needs no signature: renewal information. @throws AcmeProblemError, IssuerError */
  async get (url: URL, signal: AbortSignal = this.signal): Promise<AcmeAnswer> {
    const answer = await this.#call(url, 'GET', undefined, signal)
    if (answer.error !== undefined) throw answer.error
    return answer
  }

  async #takeNonce (): Promise<string> {
    if (this.#nonce === undefined) await this.#call(this.directory.newNonce, 'HEAD', undefined)
    const nonce = this.#nonce
    this.#nonce = undefined
    if (nonce !== undefined) return nonce
    throw new IssuerError('answer', `${this.name}: newNonce gave no nonce; expected Replay-Nonce in base64url`)
  }

  /** Keeps the nonce of the answer. An answer that is none comes as `error`, because some are tried again. */
  async #call (
    url: URL, method: 'GET' | 'HEAD' | 'POST', body: string | undefined, signal: AbortSignal = this.signal
  ): Promise<AcmeAnswer & { readonly error: AcmeProblemError | undefined }> {
    const { client, name, now } = this.#options
    const headers = body === undefined ? HEADERS : { ...HEADERS, 'content-type': JOSE }
    const { status, headers: found, body: octets } = await client.call({
      url, method, headers, body, signal, accepts: () => true
    })
    const nonce = found['replay-nonce']
    if (typeof nonce === 'string' && /^[\w-]{1,256}$/.test(nonce)) this.#nonce = nonce
    const text = octets.toString()
    const retryAfter = readRetryAfter(found['retry-after'], now())
    const what = `${name}: ${method} ${describeUrl(url.href)} answered ${status}`
    const error = status >= 200 && status < 300
      ? undefined
      : failure(text, what, { status, retryAfter })
    return { status, headers: found, text, retryAfter, error, json: () => jsonOf(text, what) }
  }
}

function failure (
  text: string, what: string, answer: { status: number, retryAfter: number | undefined }
): AcmeProblemError {
  const problem = readProblem(parse(text))
  if (problem !== undefined) return new AcmeProblemError(problem, `${what}: ${problem.text}`, answer)
  const shown = clip(text.replace(/[\s\p{Cc}]+/gu, ' ').trim(), MAX_SHOWN)
  return new AcmeProblemError({ type: '', text: shown }, shown === '' ? what : `${what}: ${shown}`, answer)
}

/** Some servers answer a rate limit with another status than 429: the type of the problem counts. */
function reasonOf ({ type }: AcmeProblem, status: number): IssuerReason {
  if (type === 'rateLimited' || status === 429) return 'rate_limited'
  if (status === 401 || status === 403) return 'denied'
  if (status >= 500) return 'unavailable'
  return status >= 400 ? 'refused' : 'answer'
}

function jsonOf (text: string, what: string): Readonly<Record<string, unknown>> {
  const found = parse(text)
  if (typeof found === 'object' && found !== null && !Array.isArray(found)) return found as Record<string, unknown>
  throw new IssuerError('answer', `${what} ${JSON.stringify(clip(text, MAX_SHOWN))}; expected a JSON object`)
}

function parse (text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
