import { fileCredentials } from '@peerkit/credentials'
import { createDevCa } from '@peerkit/dev-ca'
import type { DevCa, IssuedCertificate } from '@peerkit/dev-ca'
import Fastify from 'fastify'
import type { FastifyInstance } from 'fastify'
import fastifyMtls, { withMtls } from '../../src/index.ts'
import { dial } from './dial.ts'
import type { Dialled, Protocol } from './dial.ts'
import { ForeignWriter } from './rotation/foreign-writer.ts'

export const WAYS = ['open HTTP/1.1 connection', 'open HTTP/2 session', 'resumed session, HTTP/1.1', 'resumed session, HTTP/2'] as const
export type Way = typeof WAYS[number]

export interface CutOff {
  /** Milliseconds from the rename of the CRL's file until the first refusal had arrived, by way. */
  readonly delay: Readonly<Record<Way, number>>
  /** Requests that were served until then, by way. */
  readonly served: Readonly<Record<Way, number>>
  /** What the refused got: a status, or undefined where the connection was closed. */
  readonly outcome: Readonly<Record<Way, number | undefined>>
}

/** A server over files, one of which is a CRL that somebody else renames over. */
export class CutOffScene {
  readonly #ca: DevCa
  readonly #writer: ForeignWriter
  readonly #app: FastifyInstance<any, any, any, any>
  readonly #close: () => Promise<void>

  static async open (): Promise<CutOffScene> {
    const ca = await createDevCa()
    const server = await ca.issue({ cn: 'server', ip: '127.0.0.1' })
    const writer = await ForeignWriter.create({ 'tls.key': server.key, 'tls.crt': server.chain, 'ca.crt': ca.root, 'ca.crl': (await ca.crl()).pem })
    const credentials = await fileCredentials({ cert: writer.path('tls.crt'), key: writer.path('tls.key'), ca: writer.path('ca.crt'), crl: writer.path('ca.crl') })
    const app: FastifyInstance<any, any, any, any> = Fastify(withMtls(credentials, { http2: true, mtls: { ticketSecret: Buffer.alloc(32, 7) } }))
    await app.register(fastifyMtls)
    app.get('/', async (request: any) => ({ cn: request.peer.subject.commonName }))
    await app.listen({ host: '127.0.0.1', port: 0 })
    return new CutOffScene(ca, writer, app, async () => {
      await app.close()
      await credentials.close()
      await writer.remove()
    })
  }

  private constructor (ca: DevCa, writer: ForeignWriter, app: FastifyInstance<any, any, any, any>, close: () => Promise<void>) {
    this.#ca = ca
    this.#writer = writer
    this.#app = app
    this.#close = close
  }

  /** Four clients call without a pause, each in its way, until they are refused. */
  async revoke (): Promise<CutOff> {
    const callers = await Promise.all(WAYS.map(async (way) => await this.#startCalling(way)))
    for (const { client } of callers) this.#ca.revoke(client)
    const crl = (await this.#ca.crl()).pem
    const began = performance.now()
    await this.#writer.write({ 'ca.crl': crl }, 'rename')
    const results = await Promise.all(callers.map(async ({ refused }) => await refused))
    const of = <Key extends 'served' | 'outcome'>(key: Key): any => Object.fromEntries(WAYS.map((way, index) => [way, results[index]?.[key]]))
    return { delay: Object.fromEntries(WAYS.map((way, index) => [way, (results[index]?.at ?? NaN) - began])) as CutOff['delay'], served: of('served'), outcome: of('outcome') }
  }

  async close (): Promise<void> { await this.#close() }

  async #startCalling (way: Way): Promise<{ client: IssuedCertificate, refused: Promise<{ at: number, served: number, outcome: number | undefined }> }> {
    const client = await this.#ca.issue({ cn: way, profile: 'client' })
    const protocol: Protocol = way.includes('HTTP/2') ? 'HTTP/2' : 'HTTP/1.1'
    const world = { ca: this.#ca, port: (this.#app.server.address() as { port: number }).port }
    const identity = { cert: client.chain, key: client.key }
    const first = await dial(world, protocol, identity)
    if (await first.ask() !== 200) throw new Error(`${way}: refused from the start`)
    const next = async (session: Buffer | undefined): Promise<Dialled> => way.startsWith('open') ? first : await dial(world, protocol, identity, { session })
    const call = async (): Promise<{ at: number, served: number, outcome: number | undefined }> => {
      for (let served = 1, { session } = first; ; served += 1) {
        const dialled = await next(session)
        const outcome = await dialled.ask()
        const at = performance.now()
        if (outcome !== 200) {
          await Promise.all([first, dialled].map(async (one) => { await one.close() }))
          return { at, served, outcome }
        }
        if (dialled !== first && !dialled.resumed) throw new Error(`${way}: the session was not resumed`)
        // Node gives no new ticket with a resumed session, and takes the old one again.
        session = dialled.session ?? session
        if (dialled !== first) await dialled.close()
      }
    }
    return { client, refused: call() }
  }
}
