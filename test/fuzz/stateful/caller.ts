import { blockMemory, memoryCredentials } from '@peerkit/credentials'
import { MtlsAgent, getServerIdentity } from '@peerkit/undici-mtls'
import { HOUR, OWN_ROOTS, acceptsServer } from './own.ts'
import type { CallerTrust, Own } from './own.ts'
import type { Pki } from './pki.ts'

/** What a call came to. */
export interface Called {
  /** Undefined: nobody answered. */
  readonly status: number | undefined
  readonly body: any
  /** The serial number of the server that answered. */
  readonly by: string | undefined
  /** The code of the error. */
  readonly code: string | undefined
}

/** A client of undici-mtls that calls both servers, and what the model knows of it. */
export class Caller {
  trust: CallerTrust = { roots: new Set(OWN_ROOTS), revoked: new Set(), blocked: new Set(), time: 0 }
  readonly #pki: Pki
  readonly #credentials
  readonly #block
  readonly #agent: MtlsAgent
  /** By the port of a server: who answered last. Its connection may be open. */
  readonly #last = new Map<number, Own>()

  /** @param own what it presents, PEM */
  constructor (pki: Pki, own: { readonly cert: string, readonly key: string }) {
    this.#pki = pki
    const now = (): number => pki.start + this.trust.time * HOUR
    // It stands until it is moved, and no timer ever fires: a call has to see what has ended.
    const clock = { now, schedule: () => () => {} }
    this.#credentials = memoryCredentials({ ...own, ...pki.own.materialOf(this.trust), clock })
    this.#block = blockMemory([], { clock })
    this.#agent = new MtlsAgent({
      credentials: this.#credentials,
      block: this.#block,
      connections: 1,
      now,
      allowedServers: { cn: 'server' },
      origins: { '*': { servername: 'localhost' } }
    })
  }

  /** Only what differs is told, since other credentials end open connections anyway. */
  change (change: Partial<CallerTrust>): void {
    this.trust = { ...this.trust, ...change }
    const { own } = this.#pki
    if (change.roots !== undefined || change.revoked !== undefined) this.#credentials.update(own.materialOf(this.trust))
    if (change.blocked !== undefined) this.#block.update(own.blocksOf(this.trust))
  }

  /** Whether a server that presents a certificate now may answer: undefined if an older connection may. */
  mayAnswer (port: number, own: Own): boolean | undefined {
    if (acceptsServer(own, this.trust)) return true
    const last = this.#last.get(port)
    return last !== undefined && acceptsServer(last, this.trust) ? undefined : false
  }

  /** Whether the one who answered had a certificate that counts. */
  isGood (port: number, own: Own, by: string | undefined): boolean {
    const last = this.#last.get(port)
    return [own, ...(last === undefined ? [] : [last])]
      .some((each) => each.serial === by && acceptsServer(each, this.trust))
  }

  note (port: number, own: Own | undefined): void {
    if (own === undefined) this.#last.delete(port)
    else this.#last.set(port, own)
  }

  async call (port: number, path: string): Promise<Called> {
    try {
      const response = await this.#agent.fetch(`https://127.0.0.1:${port}${path}`)
      const text = await response.text()
      const by = getServerIdentity(response)?.serialNumber?.toLowerCase()
      return { status: response.status, body: text === '' ? undefined : JSON.parse(text), by, code: undefined }
    } catch (error) {
      const { code, cause } = error as NodeJS.ErrnoException & { cause?: NodeJS.ErrnoException }
      return { status: undefined, body: undefined, by: undefined, code: cause?.code ?? code ?? String(error) }
    }
  }

  async close (): Promise<void> {
    await this.#agent.destroy()
    await Promise.all([this.#credentials.close(), this.#block.close()])
  }
}
