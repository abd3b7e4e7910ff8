import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { WorldAnswer } from '@peerkit/issuers/test'

/** A request that the fake got. */
export interface Seen {
  readonly method: string
  readonly path: string
  readonly token: string | undefined
  readonly body: any
  /** The subject of the certificate that the client presented. */
  readonly client: string | undefined
}

/** With TLS: the server's certificate, and the CA of its clients. */
export interface FakeTls { readonly cert: string, readonly key: string, readonly ca: string }

/** What the fake answers. `undefined` breaks the connection. */
export interface Reply { readonly status?: number, readonly json?: unknown, readonly text?: string, readonly headers?: Record<string, string> }

type Handler = (seen: Seen) => Reply | undefined | Promise<Reply | undefined>

/** The parts of OpenBao's API that the issuer uses, and what a test wants otherwise. */
export class FakeVault {
  readonly seen: Seen[] = []
  readonly #handlers = new Map<string, Handler>()
  readonly #waiting: Array<{ readonly path: string, readonly resolve: () => void }> = []
  readonly #server: Server
  readonly #scheme: string

  constructor (tls?: FakeTls) {
    const answer = (request: IncomingMessage, response: ServerResponse): void => {
      this.#serve(request, response).catch((error) => { response.writeHead(500).end(String(error)) })
    }
    this.#scheme = tls === undefined ? 'http' : 'https'
    this.#server = tls === undefined ? createServer(answer) : createTlsServer({ ...tls, requestCert: true, rejectUnauthorized: false }, answer)
  }

  /** Answers a path. A path that nothing answers is 404. */
  on (path: string, handler: Handler): this {
    this.#handlers.set(path, handler)
    return this
  }

  /** Resolves with the next request of a path. */
  async next (path: string): Promise<void> { await new Promise<void>((resolve) => { this.#waiting.push({ path, resolve }) }) }

  /** The requests of a path so far. */
  calls (path: string): Seen[] { return this.seen.filter((one) => one.path === path) }

  async start (): Promise<string> {
    await new Promise<void>((resolve) => { this.#server.listen(0, '127.0.0.1', resolve) })
    return `${this.#scheme}://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async close (): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  async #serve (request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const text = Buffer.concat(chunks).toString()
    const path = (request.url ?? '').replace(/^\/v1\//, '').split('?')[0] as string
    const token = request.headers['x-vault-token'] as string | undefined
    const seen = { method: request.method ?? '', path, token, body: text.startsWith('{') ? JSON.parse(text) : undefined, client: (request.socket as Partial<TLSSocket>).getPeerX509Certificate?.()?.subject }
    this.seen.push(seen)
    for (const one of this.#waiting.filter((each) => each.path === path)) {
      this.#waiting.splice(this.#waiting.indexOf(one), 1)
      one.resolve()
    }
    const handler = this.#handlers.get(path)
    const reply = handler === undefined ? { status: 404, json: { errors: [] } } : await handler(seen)
    if (reply === undefined) {
      request.socket.destroy()
      return
    }
    const { status = 200, json, text: plain = '', headers = {} } = reply
    response.writeHead(status, { 'content-type': json === undefined ? 'text/html' : 'application/json', ...headers })
    response.end(json === undefined ? plain : JSON.stringify(json))
  }
}

/** An answer with data. */
export function data (value: object, warnings: string[] | null = null): Reply { return { json: { data: value, warnings, auth: null } } }

/** The answer of a login or a renewal. */
export function token (value: string, seconds = 3600, renewable = true): Reply {
  return { json: { data: null, auth: { client_token: value, lease_duration: seconds, renewable } } }
}

export function failure (status: number, ...errors: string[]): Reply { return { status, json: { errors } } }

/** The same for each certificate. */
export function idOf (pem: string): string { return createHash('sha256').update(pem.trim()).digest('hex').slice(0, 32) }

/** Answers `sign` with the certificates of a CA. */
export function issued ({ leaf, intermediates, root }: Extract<WorldAnswer, { type: 'issued' }>, warnings: string[] | null = null): Reply {
  return data({ certificate: leaf.trim(), ca_chain: [...intermediates, root].map((pem) => pem.trim()), issuing_ca: intermediates[0] ?? root }, warnings)
}

/** Serves the CAs of a mount. */
export function serveIssuers (vault: FakeVault, cas: () => ReadonlyArray<{ readonly pem: string, readonly chain?: readonly string[], readonly hasKey?: boolean }>, mount = 'pki'): void {
  vault.on(`${mount}/issuers`, () => {
    for (const { pem, chain = [pem] } of cas()) vault.on(`${mount}/issuer/${idOf(pem)}/json`, () => data({ certificate: pem, ca_chain: chain }))
    const keyInfo = Object.fromEntries(cas().map(({ pem, hasKey = true }) => [idOf(pem), { key_id: hasKey ? 'key' : '' }]))
    return data({ keys: cas().map(({ pem }) => idOf(pem)), key_info: keyInfo })
  })
}
