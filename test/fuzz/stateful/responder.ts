import { once } from 'node:events'
import { createServer } from 'node:http'
import type { ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { craftOcspResponse, readRequest } from '../../../packages/revocation/test/support/ocsp-responder.ts'
import { FACTS, OCSP_NAMES } from './facts.ts'
import type { Pki } from './pki.ts'

/** Less than the clock of a server ever moves, so that every move ends all answers. */
const LIFETIME = 15 * 60_000

/** What a responder says at one moment. */
export interface OcspState { readonly revoked: ReadonlySet<string>, readonly isDown: boolean }

/** The OCSP responder of the CAs that publish their revocations in this way. Each server has its own path. */
export class Responder {
  state: OcspState = { revoked: new Set(), isDown: false }
  readonly #pki: Pki
  readonly #nowOf: (server: number) => number
  #held: Array<() => void> | undefined
  #onAsked = (): void => {}
  readonly #server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => { chunks.push(chunk) })
    request.on('end', () => {
      const answer = (): void => { this.#answer(response, Number(request.url?.slice(1)), Buffer.concat(chunks)) }
      if (this.#held === undefined) answer()
      else {
        this.#held.push(answer)
        this.#onAsked()
      }
    })
  })

  /** @param nowOf the clock of a server */
  constructor (pki: Pki, nowOf: (server: number) => number) {
    this.#pki = pki
    this.#nowOf = nowOf
  }

  async open (): Promise<void> {
    this.#server.listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
  }

  urlOf (server: number): string { return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/${server}` }

  /** Keeps questions waiting from now on. @returns when the first one waits */
  async hold (): Promise<void> {
    this.#held = []
    await new Promise<void>((resolve) => { this.#onAsked = resolve })
  }

  /** Answers all that waits, as things are now. */
  release (): void {
    const held = this.#held ?? []
    this.#held = undefined
    for (const answer of held) answer()
  }

  #answer (response: ServerResponse, server: number, question: Buffer): void {
    if (this.state.isDown) {
      response.writeHead(503).end()
      return
    }
    const certId = Buffer.from(readRequest(question).certId)
    const name = OCSP_NAMES.find((each) => certId.includes(this.#pki.make(each).serial))
    if (name === undefined) throw new Error('a server asked about a certificate that has no responder')
    const issuer = FACTS[name]!.signer === 'kB' ? 'B' : 'brought'
    const { der, keyPem: key } = this.#pki.make(issuer)
    const at = (ahead: number): Date => new Date(this.#nowOf(server) + ahead)
    response.setHeader('content-type', 'application/ocsp-response')
    response.end(craftOcspResponse(undefined as never, question, {
      signer: { der, key },
      certificates: [],
      state: this.state.revoked.has(name) ? 'revoked' : 'good',
      revokedAt: at(-LIFETIME),
      producedAt: at(-1_000),
      thisUpdate: at(-1_000),
      nextUpdate: at(LIFETIME)
    }))
  }

  async close (): Promise<void> {
    this.#server.closeAllConnections()
    this.#server.close()
    await once(this.#server, 'close')
  }
}
