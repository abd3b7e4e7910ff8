import { clip, describeValue } from '@peerkit/identity/internal'
import { IssuerError } from '../errors.ts'
import { IssuerClient } from '../http/issuer-client.ts'
import { pinnedAgent } from '../http/pinned-agent.ts'
import { readCertificates } from '../request/read-certificates.ts'

/** What a call presents, PEM. */
export interface OwnCertificate { readonly cert: string, readonly key: string }

/** Who calls, and whom it accepts. */
export interface StepCaConnection {
  /** The CAs that the certificate of step-ca leads to, PEM. */
  readonly roots: readonly string[]
  /** The certificate to present, PEM. Undefined: none. */
  readonly own?: OwnCertificate | undefined
  /** Texts that no error may show. */
  readonly secrets?: readonly string[]
  readonly signal: AbortSignal
}

/** A certificate with its intermediates, PEM. */
export interface SignedChain { readonly cert: string }

/** A provisioner as step-ca describes it. */
export interface Provisioner {
  readonly name: string
  readonly type: string
  readonly claims: Readonly<Record<string, unknown>>
}

/** Whom the certificate of step-ca must lead to, for errors. */
const TRUSTED = 'the root certificate of the option root or fingerprint'
/** More pages than any CA has. A page may name the next one without end. */
const MOST_PAGES = 20

/** The HTTP API of step-ca, as far as an issuer needs it. Each call has a connection of its own. */
export class StepCaApi {
  readonly #base: URL
  readonly #name: string
  readonly #now: () => number

  constructor (base: URL, name: string, now: () => number) {
    this.#base = base
    this.#name = name
    this.#now = now
  }

  /** A certificate for a token. */
  async sign (body: object, connection: StepCaConnection): Promise<SignedChain> {
    return this.#readChain(await this.#call('POST', '/1.0/sign', body, connection), '/1.0/sign')
  }

  /** A certificate with the names of the presented one, for the key of a new request. */
  async rekey (csr: string, connection: StepCaConnection): Promise<SignedChain> {
    return this.#readChain(await this.#call('POST', '/1.0/rekey', { csr }, connection), '/1.0/rekey')
  }

  /** Revokes the presented certificate. */
  async revoke (body: object, connection: StepCaConnection): Promise<void> {
    const { status } = await this.#call('POST', '/1.0/revoke', body, connection)
    if (status === 'ok') return
    throw this.#unexpected('/1.0/revoke', `the status ${describeValue(status)}`, '"ok"')
  }

  /** The root certificates of step-ca, or those of its federation, PEM. */
  async listRoots (path: '/roots' | '/federation', connection: StepCaConnection): Promise<readonly string[]> {
    const { crts } = await this.#call('GET', path, undefined, connection)
    const pems = Array.isArray(crts) ? crts.filter((one) => typeof one === 'string') : []
    const roots = readCertificates(pems.join('\n'))
    if (roots.length > 0 && roots.length === (crts as unknown[]).length) return roots
    throw this.#unexpected(path, `crts: ${describeValue(crts)}`, 'a list of PEM certificates')
  }

  /** All provisioners. */
  async listProvisioners (connection: StepCaConnection): Promise<readonly Provisioner[]> {
    const found: Provisioner[] = []
    let cursor = ''
    for (let page = 0; page < MOST_PAGES; page += 1) {
      const path = `/provisioners?limit=100&cursor=${encodeURIComponent(cursor)}`
      const { provisioners, nextCursor } = await this.#call('GET', path, undefined, connection)
      if (Array.isArray(provisioners)) found.push(...provisioners.map(readProvisioner))
      if (typeof nextCursor !== 'string' || nextCursor === '') break
      cursor = nextCursor
    }
    return found
  }

  async #call (
    method: 'GET' | 'POST', path: string, body: object | undefined,
    { roots, own, secrets = [], signal }: StepCaConnection
  ): Promise<Record<string, unknown>> {
    const agent = pinnedAgent({ ca: roots, signal, ...(own !== undefined && { cert: own.cert, key: own.key }) })
    try {
      const client = new IssuerClient({
        name: this.#name, dispatcher: agent, trusted: TRUSTED, secrets: () => secrets, now: this.#now
      })
      return await client.callJson({
        url: new URL(path, this.#base),
        method,
        signal,
        ...(body !== undefined && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } })
      })
    } finally {
      await agent.destroy()
    }
  }

  #readChain ({ crt, ca, certChain }: Record<string, unknown>, path: string): SignedChain {
    const parts = Array.isArray(certChain) && certChain.length > 0 ? certChain : [crt, ca]
    const chain = readCertificates(parts.filter((part) => typeof part === 'string').join('\n'))
    if (chain.length > 0) return { cert: chain.join('') }
    throw this.#unexpected(path, `certChain: ${describeValue(certChain)}`, 'a list of PEM certificates')
  }

  #unexpected (path: string, found: string, expected: string): IssuerError {
    return new IssuerError('answer', `${this.#name}: ${path} answered with ${clip(found, 300)}; expected ${expected}`)
  }
}

function readProvisioner (found: unknown): Provisioner {
  const { name, type, claims } = (found ?? {}) as Record<string, unknown>
  const read = (value: unknown): string => typeof value === 'string' ? value : describeValue(value)
  return { name: read(name), type: read(type), claims: (claims ?? {}) as Record<string, unknown> }
}
