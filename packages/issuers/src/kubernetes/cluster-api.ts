import { join } from 'node:path'
import { clip } from '@peerkit/identity/internal'
import { IssuerError } from '../errors.ts'
import { IssuerClient } from '../http/issuer-client.ts'
import type { IssuerAnswer } from '../http/issuer-client.ts'
import { pinnedAgent } from '../http/pinned-agent.ts'
import { readText, wrongFile } from '../http/read-text.ts'
import { readCertificates } from '../request/read-certificates.ts'

/** A call to the API server. */
export interface ClusterCall {
  readonly method: 'GET' | 'POST' | 'DELETE'
  readonly path: string
  readonly body?: object
  /** What the call needs, for errors: the verb and the resource of a role. */
  readonly needs: { readonly verb: string, readonly resource: string, readonly group: string }
  readonly signal: AbortSignal
}

const MAX_SHOWN = 600

/** Calls the API server with the token of a service account. Token and CA are read for each call: they change. */
export class ClusterApi {
  readonly name: string
  readonly #base: URL
  readonly #folder: string

  constructor (base: URL, folder: string) {
    this.name = `Kubernetes ${base.origin}`
    this.#base = base
    this.#folder = folder
  }

  /** @throws IssuerError, or the reason of the signal */
  async call (call: ClusterCall): Promise<Record<string, unknown>> {
    const { method, path, body, signal } = call
    const [token, ca] = [await this.#readToken(signal), await this.#readCa(signal)]
    const agent = pinnedAgent({ ca, signal })
    try {
      const client = new IssuerClient({
        name: this.name,
        dispatcher: agent,
        trusted: `a CA of ${join(this.#folder, 'ca.crt')}`,
        secrets: () => [token]
      })
      const answer = await client.call({
        url: new URL(path, this.#base),
        method,
        headers: {
          authorization: `Bearer ${token}`,
          accept: 'application/json',
          ...(body !== undefined && { 'content-type': 'application/json' })
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
        signal,
        accepts: (status) => (status >= 200 && status < 300) || isExplained(status)
      })
      const found = readObject(answer.body.toString())
      if (isExplained(answer.status)) throw this.#explain(answer, found, call, token)
      if (found !== undefined) return found
      throw new IssuerError('answer', `${this.name}: ${method} ${path} answered with no JSON object; expected one`)
    } finally {
      await agent.destroy()
    }
  }

  async #readToken (signal: AbortSignal): Promise<string> {
    const file = { ...this.#file('token', 'a token'), signal }
    const token = (await readText(file)).trim()
    // It becomes a header. What is in the file is not shown.
    if (/^[\x21-\x7e]+$/.test(token)) return token
    throw wrongFile(file, token === '' ? 'nothing' : 'more than one word')
  }

  async #readCa (signal: AbortSignal): Promise<readonly string[]> {
    const file = { ...this.#file('ca.crt', 'PEM certificates'), signal }
    const found = readCertificates(await readText(file))
    if (found.length > 0) return found
    throw wrongFile(file, 'no certificate')
  }

  #file (part: string, expected: string): { name: string, option: string, path: string, expected: string } {
    return { name: this.name, option: 'serviceAccount', path: join(this.#folder, part), expected }
  }

  #explain (
    { status }: IssuerAnswer, found: Record<string, unknown> | undefined, { needs, method, path }: ClusterCall,
    token: string
  ): IssuerError {
    const { message } = found ?? {}
    const said = typeof message === 'string' ? clip(message.replaceAll(token, '…'), MAX_SHOWN) : ''
    const words = said === '' ? '' : `; it says: ${said}`
    const { verb, resource, group } = needs
    const detail = (text: string): string => `${this.name}: ${method} ${path} answered ${status}: ${text}${words}`
    const options = { status }
    if (status === 401) {
      return new IssuerError('denied', detail(`the token in ${this.#folder} is not accepted`), options)
    }
    // Admission plugins and webhooks answer 403 too.
    const isRole = status === 403 && (said === '' || /is forbidden: User .* cannot /.test(said))
    if (isRole) {
      const missing = `the service account lacks the verb "${verb}" for ${resource} in the API group ${group}`
      return new IssuerError('denied', detail(missing), options)
    }
    if (status === 403) return new IssuerError('denied', detail('the request was not admitted'), options)
    if (status === 404) return new IssuerError('refused', detail('it is not there'), options)
    return new IssuerError('refused', detail('the request is not accepted'), options)
  }
}

/** Answers that have a Status object with a message. */
function isExplained (status: number): boolean { return [400, 401, 403, 404, 409, 422].includes(status) }

function readObject (text: string): Record<string, unknown> | undefined {
  try {
    const found = JSON.parse(text)
    if (typeof found === 'object' && found !== null && !Array.isArray(found)) return found
  } catch {}
  return undefined
}
