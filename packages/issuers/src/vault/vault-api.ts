import { clip } from '@peerkit/identity/internal'
import type { Dispatcher } from 'undici'
import { IssuerError } from '../errors.ts'
import type { IssuerReason } from '../errors.ts'
import { IssuerClient } from '../http/issuer-client.ts'
import type { IssuerAnswer } from '../http/issuer-client.ts'
import { oneLine } from '../http/one-line.ts'
import { readRetryAfter } from '../http/retry-after.ts'
import type { Secrets } from './auth/secrets.ts'

const MAX_SHOWN = 400

/** Where OpenBao is, and how it is reached. */
export interface VaultAddress {
  readonly url: string
  readonly namespace: string | undefined
  readonly dispatcher: Dispatcher | undefined
  /** Whom OpenBao's certificate must lead to, for errors. */
  readonly trusted: string
  /** What no error may show. */
  readonly secrets: Secrets
  readonly now: () => number
}

export interface VaultCall {
  /** Below `/v1/` and the namespace: `pki/sign/ledger`. */
  readonly path: string
  /** Default: `POST` with a body, `GET` without one. */
  readonly method?: 'GET' | 'POST' | undefined
  readonly token?: string | undefined
  readonly body?: Readonly<Record<string, unknown>> | undefined
  readonly signal: AbortSignal
}

/** An answer of the API. */
export interface VaultAnswer {
  readonly data: Readonly<Record<string, unknown>>
  /** What a login or a renewal gave. */
  readonly auth: Readonly<Record<string, unknown>> | undefined
  /** What OpenBao did otherwise than it was asked. */
  readonly warnings: readonly string[]
}

/** Calls the HTTP API of OpenBao or Vault. */
export class VaultApi {
  readonly #client: IssuerClient
  readonly #address: VaultAddress
  /** `OpenBao https://bao.example:8200`, for errors. */
  readonly name: string

  constructor (address: VaultAddress) {
    const { url, dispatcher, trusted, secrets, now } = address
    this.#address = address
    this.name = `OpenBao ${new URL(url).origin}`
    this.#client = new IssuerClient({ name: this.name, dispatcher, trusted, secrets: () => secrets.list(), now })
  }

  /** The whole URL of a path of the API. The namespace is part of it, as OpenBao and Vault allow. */
  urlOf (path: string): string {
    const { url, namespace } = this.#address
    const base = url.endsWith('/') ? url : `${url}/`
    const inside = namespace === undefined ? '' : `${namespace.replace(/^\/+|\/+$/g, '')}/`
    return new URL(`v1/${inside}${path}`, base).href
  }

  /** @throws IssuerError, or the reason of the signal */
  async call (call: VaultCall): Promise<VaultAnswer> {
    const { path, body, token, signal, method = body === undefined ? 'GET' : 'POST' } = call
    const answer = await this.#client.call({
      url: new URL(this.urlOf(path)),
      method,
      signal,
      headers: {
        // Vault refuses requests without it where a listener asks for it. It keeps forged requests of browsers out.
        'x-vault-request': 'true',
        ...(token !== undefined && { 'x-vault-token': token }),
        ...(body !== undefined && { 'content-type': 'application/json' })
      },
      body: body === undefined ? undefined : JSON.stringify(body),
      accepts: () => true
    })
    const what = `${method} ${path.split('?')[0]}`
    const found = parseObject(answer.body.toString())
    if (answer.status < 200 || answer.status > 299) throw this.#failure(answer, found, what)
    if (answer.status === 204) return { data: {}, auth: undefined, warnings: [] }
    if (found === undefined) {
      const shown = JSON.stringify(this.#shown(answer.body.toString()))
      throw new IssuerError('answer', `${this.name}: ${what} answered ${shown}; expected a JSON object`)
    }
    return {
      data: objectOf(found['data']) ?? {},
      auth: objectOf(found['auth']),
      warnings: textsOf(found['warnings']).map((text) => oneLine(this.#shown(text)))
    }
  }

  /** A text without secrets. */
  hide (text: string): string { return this.#address.secrets.hide(text) }

  /** Without secrets, before anything is cut off: a part of a secret would not be found. */
  #shown (text: string): string { return clip(this.hide(text), MAX_SHOWN) }

  #failure ({ status, headers, body }: IssuerAnswer, found: Found, what: string): IssuerError {
    const said = textsOf(found?.['errors']).map(plain).filter((text) => text !== '')
    const shown = this.#shown(said.length > 0 ? said.join('; ') : body.toString().replace(/\s+/g, ' ').trim())
    const hint = hintOf(status, headers['location'])
    const detail = `${this.name}: ${what} answered ${status}${shown === '' ? '' : `: ${shown}`}${hint}`
    const retryAfter = readRetryAfter(headers['retry-after'], this.#address.now())
    return new IssuerError(reasonOf(status), detail, { status, retryAfter })
  }
}

type Found = Readonly<Record<string, unknown>> | undefined

/** OpenBao writes `1 error occurred:\n\t* permission denied\n\n`. */
function plain (text: string): string {
  return text.replace(/^\d+ errors? occurred:\s*/, '').replace(/\s*\n\s*\*?\s*/g, ' ').replace(/^\s*\*\s*/, '').trim()
}

function hintOf (status: number, location: unknown): string {
  if (status >= 300 && status < 400) {
    const where = typeof location === 'string' && URL.canParse(location) ? ` to ${new URL(location).origin}` : ''
    return `, a redirect${where}. It is not followed, because the request has a token. A standby node does this: ` +
      'expected the URL of the active node or of a load balancer'
  }
  return ''
}

function reasonOf (status: number): IssuerReason {
  if (status === 401 || status === 403) return 'denied'
  if (status === 429) return 'rate_limited'
  // 412: the node does not have the latest state yet.
  if (status >= 500 || status === 412) return 'unavailable'
  return status >= 400 ? 'refused' : 'answer'
}

function parseObject (text: string): Found {
  try {
    return objectOf(JSON.parse(text))
  } catch {
    return undefined
  }
}

function objectOf (value: unknown): Found {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? value as Record<string, unknown>
    : undefined
}

/** The texts of a list. Anything else counts as none. */
export function textsOf (value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : []
}
