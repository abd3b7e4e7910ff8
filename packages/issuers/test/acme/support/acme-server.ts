// An ACME server (RFC 8555) as strict as a CA: it verifies every signature, nonce and URL, and looks at the challenges.
import { createHash, createHmac, createPublicKey, randomBytes, verify } from 'node:crypto'
import type { JsonWebKey } from 'node:crypto'
import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Test } from 'tap'
import { AcmeCa } from './acme-ca.ts'
import type { LeafOptions } from './acme-ca.ts'

/** The steps of the protocol. */
export type Step =
  'directory' | 'nonce' | 'newAccount' | 'account' | 'newOrder' | 'order' | 'authorization' | 'challenge' | 'finalize' |
  'certificate' | 'renewalInfo'

/** A request that was accepted, or that a test answers itself. */
export interface Asked {
  readonly step: Step
  readonly path: string
  /** Undefined for POST-as-GET and for requests without a signature. */
  readonly payload: any
  /** The protected header. */
  readonly header: any
}

/** What a test has the server say instead. */
export type Said =
  | { readonly status?: number, readonly body?: unknown, readonly headers?: Record<string, string> }
  /** The connection breaks. */
  | 'drop'
  /** No answer comes. */
  | 'silence'

interface Order {
  status: string
  readonly identifiers: ReadonlyArray<{ type: string, value: string }>
  readonly authorizations: string[]
  chain?: string
  readonly replaces: string | undefined
  error?: object
}

interface Authorization {
  status: string
  readonly identifier: { type: string, value: string }
  readonly wildcard?: true
  readonly token: string
  error?: object
}

interface Account { readonly thumbprint: string, readonly jwk: JsonWebKey, status: string, contact: string[] | undefined }

export class AcmeServer {
  /** Every request that reached a step. */
  readonly asked: Asked[] = []
  /** Answers instead of the server. Called after the signature was verified. */
  says: (asked: Asked) => Said | undefined | Promise<Said | undefined> = () => undefined
  meta: Record<string, unknown> = {}
  /** Shared secrets of external account binding. */
  readonly macs: Record<string, string> = {}
  /** Where the server looks for http-01, in place of port 80 of the name. */
  httpPort = 0
  /** TXT records, in place of DNS. */
  readonly txt = new Map<string, Set<string>>()
  /** Whether a proved name stays proved for the next order. */
  reusesAuthorizations = false
  leaf: LeafOptions = {}
  /** Undefined: the server has no renewal information. */
  renewal: { readonly window?: unknown, readonly retryAfter?: string } | undefined
  readonly accounts = new Map<string, Account>()
  readonly orders = new Map<string, Order>()
  readonly authorizations = new Map<string, Authorization>()
  /** Issues a certificate for a request, and returns the chain. */
  sign: (csr: Uint8Array) => Promise<string>
  /** Whether its answers to signed requests have a nonce for the next one. */
  givesNonces = true
  /** Signed requests with a nonce that the server did not give, or that was used. */
  badNonces = 0
  readonly #nonces = new Set<string>()
  readonly #server: Server
  readonly #ca: AcmeCa
  #count = 0

  private constructor (server: Server, ca: AcmeCa) {
    this.#server = server
    this.#ca = ca
    this.sign = async (csr) => await ca.sign(csr, this.leaf)
  }

  static async start (t?: Test): Promise<AcmeServer> {
    const server = createServer()
    const acme = new AcmeServer(server, await AcmeCa.create())
    server.on('request', (request, response) => {
      acme.#answer(request, response).catch((error: Error) => { response.writeHead(500).end(String(error.stack)) })
    })
    await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
    t?.after(async () => { await acme.close() })
    return acme
  }

  get origin (): string { return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}` }
  get directory (): string { return `${this.origin}/directory` }
  get root (): string { return this.#ca.root }

  /** The requests of a step. */
  of (step: Step): Asked[] { return this.asked.filter((one) => one.step === step) }

  async close (): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  async #answer (request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const path = request.url ?? ''
    const step = stepOf(path)
    const send = (status: number, body: unknown = '', headers: Record<string, string> = {}): void => {
      const nonce = randomBytes(12).toString('base64url')
      this.#nonces.add(nonce)
      const given = this.givesNonces || request.method !== 'POST'
      response.writeHead(status, { ...(given && { 'replay-nonce': nonce }), ...headers })
      response.end(typeof body === 'string' ? body : JSON.stringify(body))
    }
    const signed = request.method === 'POST' ? this.#verify(Buffer.concat(chunks).toString(), path) : undefined
    if (signed !== undefined && 'problem' in signed) return send(400, problem(signed.problem, 'refused by the test server'))
    const asked: Asked = { step, path, payload: signed?.payload, header: signed?.header }
    this.asked.push(asked)
    const said = await this.says(asked)
    if (said === 'drop') {
      request.socket.destroy()
      return
    }
    if (said === 'silence') return
    if (said !== undefined) return send(said.status ?? 200, said.body ?? '', said.headers)
    await this.#do(asked, send)
  }

  #verify (text: string, path: string): { header: any, payload: any } | { problem: string } {
    const body = JSON.parse(text)
    const header = JSON.parse(Buffer.from(body.protected, 'base64url').toString())
    if (header.url !== `${this.origin}${path}`) return { problem: 'unauthorized' }
    if (!this.#nonces.delete(header.nonce)) {
      this.badNonces += 1
      return { problem: 'badNonce' }
    }
    const account = header.kid === undefined ? undefined : this.accounts.get(header.kid)
    const jwk = header.jwk ?? account?.jwk
    if (jwk === undefined) return { problem: 'accountDoesNotExist' }
    const hash = ({ ES256: 'sha256', ES384: 'sha384', ES512: 'sha512', RS256: 'sha256' } as Record<string, string>)[header.alg]
    const key = createPublicKey({ key: jwk, format: 'jwk' })
    const isValid = verify(hash, Buffer.from(`${body.protected}.${body.payload}`), { key, dsaEncoding: 'ieee-p1363' }, Buffer.from(body.signature, 'base64url'))
    if (!isValid) return { problem: 'malformed' }
    const payload = body.payload === '' ? undefined : JSON.parse(Buffer.from(body.payload, 'base64url').toString())
    return { header, payload }
  }

  async #do (asked: Asked, send: (status: number, body?: unknown, headers?: Record<string, string>) => void): Promise<void> {
    const { step, path, payload, header } = asked
    const { origin } = this
    switch (step) {
      case 'directory': return send(200, {
        newNonce: `${origin}/nonce`,
        newAccount: `${origin}/new-account`,
        newOrder: `${origin}/new-order`,
        ...(this.renewal !== undefined && { renewalInfo: `${origin}/renewal-info` }),
        meta: this.meta
      })
      case 'nonce': return send(200)
      case 'newAccount': return this.#newAccount(payload, header, send)
      case 'account': {
        const account = this.accounts.get(`${origin}${path}`) as Account
        account.contact = payload.contact
        return send(200, { status: account.status, contact: account.contact })
      }
      case 'newOrder': return this.#newOrder(payload, send)
      case 'order': return send(200, this.#shown(path))
      case 'authorization': return send(200, this.#authorization(path))
      case 'challenge': {
        const [, , id = '', type = ''] = path.split('/')
        await this.#validate(this.authorizations.get(`/authorization/${id}`) as Authorization, type, this.accounts.get(header.kid) as Account)
        return send(200, { type, status: 'processing', url: `${origin}${path}` })
      }
      case 'finalize': {
        const order = this.orders.get(path.replace('finalize', 'order')) as Order
        if (this.#shown(path.replace('finalize', 'order')).status !== 'ready') return send(403, problem('orderNotReady', 'not ready'))
        order.chain = await this.sign(Buffer.from(payload.csr, 'base64url'))
        order.status = 'valid'
        return send(200, this.#shown(path.replace('finalize', 'order')))
      }
      case 'certificate': return send(200, this.orders.get(path.replace('certificate', 'order'))?.chain ?? '', { 'content-type': 'application/pem-certificate-chain' })
      case 'renewalInfo': return send(200, { suggestedWindow: this.renewal?.window }, this.renewal?.retryAfter === undefined ? {} : { 'retry-after': this.renewal.retryAfter })
    }
  }

  #newAccount (payload: any, header: any, send: (status: number, body?: unknown, headers?: Record<string, string>) => void): void {
    const { jwk } = header
    const thumbprint = createHash('sha256').update(JSON.stringify(Object.fromEntries(Object.keys(jwk).sort().map((name) => [name, jwk[name]])))).digest('base64url')
    const location = `${this.origin}/account/${thumbprint}`
    const found = this.accounts.get(location)
    if (found !== undefined) {
      if (found.status !== 'valid') return send(403, problem('unauthorized', 'this account is deactivated'))
      return send(200, { status: found.status, contact: found.contact }, { location })
    }
    if (payload.onlyReturnExisting === true) return send(400, problem('accountDoesNotExist', 'no such account'))
    if (this.meta['termsOfService'] !== undefined && payload.termsOfServiceAgreed !== true) return send(403, problem('userActionRequired', 'agree'))
    if (this.meta['externalAccountRequired'] === true && !this.#isBound(payload.externalAccountBinding, jwk)) return send(401, problem('unauthorized', 'wrong binding'))
    this.accounts.set(location, { jwk, thumbprint, status: 'valid', contact: payload.contact })
    send(201, { status: 'valid', contact: payload.contact }, { location })
  }

  #isBound (binding: any, jwk: unknown): boolean {
    const { kid, alg, url } = JSON.parse(Buffer.from(binding.protected, 'base64url').toString())
    const mac = createHmac('sha256', Buffer.from(this.macs[kid] ?? '', 'base64url')).update(`${binding.protected}.${binding.payload}`).digest('base64url')
    const isOurs = JSON.stringify(JSON.parse(Buffer.from(binding.payload, 'base64url').toString())) === JSON.stringify(jwk)
    return isOurs && alg === 'HS256' && url === `${this.origin}/new-account` && mac === binding.signature
  }

  #newOrder (payload: any, send: (status: number, body?: unknown, headers?: Record<string, string>) => void): void {
    const id = String(++this.#count)
    const authorizations = payload.identifiers.map(({ type, value }: { type: string, value: string }) => {
      const identifier = { type, value: value.replace(/^\*\./, '') }
      const isWildcard = value !== identifier.value
      const old = [...this.authorizations].find(([, one]) => one.status === 'valid' && one.identifier.value === identifier.value && (one.wildcard === true) === isWildcard)
      if (this.reusesAuthorizations && old !== undefined) return old[0]
      const path = `/authorization/${++this.#count}`
      this.authorizations.set(path, { status: 'pending', identifier, token: randomBytes(32).toString('base64url'), ...(isWildcard && { wildcard: true }) })
      return path
    })
    this.orders.set(`/order/${id}`, { status: 'pending', identifiers: payload.identifiers, authorizations, replaces: payload.replaces })
    send(201, this.#shown(`/order/${id}`), { location: `${this.origin}/order/${id}` })
  }

  /** An order as its owner sees it. */
  #shown (path: string): Record<string, unknown> & { status: string } {
    const order = this.orders.get(path) as Order
    const states = order.authorizations.map((one) => this.authorizations.get(one)?.status)
    if (order.status === 'pending' && states.every((state) => state === 'valid')) order.status = 'ready'
    if (order.status === 'pending' && states.includes('invalid')) order.status = 'invalid'
    const at = (name: string): string => `${this.origin}${path.replace('order', name)}`
    return {
      status: order.status,
      identifiers: order.identifiers,
      authorizations: order.authorizations.map((one) => `${this.origin}${one}`),
      finalize: at('finalize'),
      ...(order.status === 'valid' && { certificate: at('certificate') }),
      ...(order.error !== undefined && { error: order.error })
    }
  }

  #authorization (path: string): object {
    const { status, identifier, wildcard, token, error } = this.authorizations.get(path) as Authorization
    const types = wildcard === true ? ['dns-01'] : identifier.type === 'ip' ? ['http-01', 'tls-alpn-01'] : ['http-01', 'dns-01', 'tls-alpn-01']
    const challenges = types.map((type) => ({ type, token, status, url: `${this.origin}${path.replace('authorization', 'challenge')}/${type}`, ...(error !== undefined && { error }) }))
    return { status, identifier, challenges, ...(wildcard !== undefined && { wildcard }) }
  }

  async #validate (authorization: Authorization, type: string, { thumbprint }: Account): Promise<void> {
    const { token, identifier: { value } } = authorization
    const expected = `${token}.${thumbprint}`
    const found = type === 'dns-01' ? this.#findRecord(value, expected) : await this.#fetchAnswer(token)
    authorization.status = found === expected ? 'valid' : 'invalid'
    if (found !== expected) authorization.error = { ...problem('unauthorized', `found ${found}`), status: 403 }
  }

  #findRecord (name: string, expected: string): string {
    const values = this.txt.get(`_acme-challenge.${name}`) ?? new Set()
    return values.has(createHash('sha256').update(expected).digest('base64url')) ? expected : `${values.size} records`
  }

  async #fetchAnswer (token: string): Promise<string> {
    return await fetch(`http://127.0.0.1:${this.httpPort}/.well-known/acme-challenge/${token}`).then(async (answer) => await answer.text(), () => 'nobody')
  }
}

export function problem (type: string, detail: string): { type: string, detail: string } {
  return { type: `urn:ietf:params:acme:error:${type}`, detail }
}

function stepOf (path: string): Step {
  const [, first = ''] = path.split('/')
  const renamed: Record<string, Step> = { 'new-account': 'newAccount', 'new-order': 'newOrder', 'renewal-info': 'renewalInfo' }
  return renamed[first] ?? first as Step
}
