import { clip, describeUrl } from '@peerkit/identity/internal'
import { request } from 'undici'
import type { Dispatcher } from 'undici'
import { IssuerError } from '../errors.ts'
import type { IssuerReason } from '../errors.ts'
import { describeFailure } from './describe-failure.ts'
import { readRetryAfter } from './retry-after.ts'

/** Longest answer in octets. A chain of five RSA certificates is about 10 KiB. */
const MAX_ANSWER_OCTETS = 4 * 1024 * 1024
const MAX_SHOWN = 300

/** How an issuer is called. */
export interface IssuerClientOptions {
  /** What it is, for errors: `OpenBao https://vault.example:8200`. */
  readonly name: string
  /** Sends the calls: an `MtlsAgent`. Undefined: the global dispatcher of undici, with the public CAs of Node. */
  readonly dispatcher: Dispatcher | undefined
  /** Whom the server's certificate must lead to, for errors: `a CA of the option ca`. */
  readonly trusted: string
  /** Texts that no error may show. */
  readonly secrets?: () => readonly string[]
  readonly now?: () => number
}

export interface IssuerCall {
  readonly url: URL
  readonly method: 'GET' | 'POST' | 'PUT' | 'HEAD' | 'DELETE'
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array | undefined
  readonly signal: AbortSignal
  /** Statuses that are answers, and no errors. Default: 200 to 299. */
  readonly accepts?: (status: number) => boolean
}

export interface IssuerAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly body: Buffer
}

/** Calls an issuer over HTTP. Redirects are not followed: a request may carry a token. */
export class IssuerClient {
  readonly #options: IssuerClientOptions

  constructor (options: IssuerClientOptions) { this.#options = options }

  /** @throws IssuerError, or the reason of the signal */
  async call ({ url, method, headers = {}, body, signal, accepts = isSuccess }: IssuerCall): Promise<IssuerAnswer> {
    const { dispatcher, trusted } = this.#options
    const what = `${method} ${describeUrl(url.href)}`
    try {
      const answer = await request(url, {
        method, headers, body: body ?? null, signal, ...(dispatcher !== undefined && { dispatcher })
      })
      const octets = await this.#read(answer.body, what)
      if (accepts(answer.statusCode)) return { status: answer.statusCode, headers: answer.headers, body: octets }
      throw this.#failure(answer, octets, what)
    } catch (error) {
      if (error instanceof IssuerError) throw error
      signal.throwIfAborted()
      const detail = this.#describe(`${what} failed: ${this.#hide(describeFailure(error, trusted))}`)
      throw new IssuerError('unreachable', detail, { cause: error })
    }
  }

  /** Calls, and reads the answer as a JSON object. */
  async callJson (call: IssuerCall): Promise<Record<string, unknown>> {
    const { body } = await this.call(call)
    let found: unknown
    try {
      found = JSON.parse(body.toString())
    } catch {}
    if (typeof found === 'object' && found !== null && !Array.isArray(found)) return found as Record<string, unknown>
    const shown = JSON.stringify(clip(this.#hide(body.toString()), MAX_SHOWN))
    const what = `${call.method} ${describeUrl(call.url.href)}`
    throw new IssuerError('answer', this.#describe(`${what} answered ${shown}; expected a JSON object`))
  }

  async #read (body: Dispatcher.ResponseData['body'], what: string): Promise<Buffer> {
    const chunks: Buffer[] = []
    let length = 0
    for await (const chunk of body as AsyncIterable<Buffer>) {
      length += chunk.length
      if (length > MAX_ANSWER_OCTETS) {
        const detail = `${what} answered more than ${MAX_ANSWER_OCTETS} octets; expected at most as many`
        throw new IssuerError('answer', this.#describe(detail))
      }
      chunks.push(chunk)
    }
    return Buffer.concat(chunks)
  }

  #failure ({ statusCode, headers }: Dispatcher.ResponseData, body: Buffer, what: string): IssuerError {
    const { now = Date.now } = this.#options
    const text = clip(this.#hide(body.toString().replace(/\s+/g, ' ').trim()), MAX_SHOWN)
    const detail = `${what} answered ${statusCode}${text === '' ? '' : `: ${text}`}`
    const retryAfter = readRetryAfter(headers['retry-after'], now())
    return new IssuerError(reasonOf(statusCode), this.#describe(detail), { status: statusCode, retryAfter })
  }

  #describe (detail: string): string { return `${this.#options.name}: ${detail}` }

  /** An issuer may send back what it was sent. Before anything is cut off: a part of a secret would not be found. */
  #hide (text: string): string {
    const { secrets = () => [] } = this.#options
    return secrets().filter((secret) => secret !== '').reduce((shown, secret) => shown.replaceAll(secret, '…'), text)
  }
}

function isSuccess (status: number): boolean { return status >= 200 && status < 300 }

function reasonOf (status: number): IssuerReason {
  if (status === 401 || status === 403) return 'denied'
  if (status === 429) return 'rate_limited'
  if (status >= 500) return 'unavailable'
  return status >= 400 ? 'refused' : 'answer'
}
