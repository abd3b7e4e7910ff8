import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { fileCredentials } from '@peerkit/credentials'
import type { CredentialSnapshot, FileCredentials } from '@peerkit/credentials'
import { createDevCa } from '@peerkit/dev-ca'
import type { DevCa, IssuedCertificate } from '@peerkit/dev-ca'
import Fastify from 'fastify'
import type { FastifyInstance } from 'fastify'
import fastifyMtls, { withMtls } from '../../../src/index.ts'
import { dial } from '../dial.ts'
import type { Dialled } from '../dial.ts'
import { Fleet, Load } from './fleet.ts'
import type { FleetIdentity, FleetSize } from './fleet.ts'
import { ForeignWriter, MANNERS, SPOILS } from './foreign-writer.ts'
import type { Contents, FileName } from './foreign-writer.ts'

export interface RotationOptions {
  readonly rotations: number
  readonly size: FleetSize
  /** Called after each rotation. */
  readonly onTurn?: (turn: number) => void
}

export interface RotationReport {
  readonly rotations: number
  readonly answered: number
  readonly failures: readonly string[]
  /** Requests that a route saw from a client whose CA was not in force at that moment. */
  readonly servedOnRemoved: number
  /** What clients were told whose CA was removed, or who were revoked: on an open connection, by a ticket, on a new connection. */
  readonly shutOut: readonly string[]
  readonly handshakes: { full: number, resumed: number }
  /** Changes of the files that the credentials refused, aloud. */
  readonly refused: number
}

/** One CA, with an intermediate for servers, which rotates, and one for clients. */
interface Generation { readonly root: DevCa, readonly servers: DevCa, readonly clients: DevCa, readonly client: IssuedCertificate }

/**
 * One server over files that somebody else writes, with clients that keep requests in flight all the while. A cycle is: leaf, CRL, intermediate, new CA beside the old, server and
 * clients move to it, old CA removed.
 */
export async function rotateUnderLoad ({ rotations, size, onTurn }: RotationOptions): Promise<RotationReport> {
  const scene = await Scene.open(size)
  try {
    for (let turn = 1; turn <= rotations; turn += 1) {
      await scene.turn(turn)
      onTurn?.(turn)
    }
    return await scene.report(rotations)
  } finally {
    await scene.close()
  }
}

class Scene {
  readonly #app: FastifyInstance<any, any, any, any>
  readonly #credentials: FileCredentials
  readonly #writer: ForeignWriter
  readonly #size: FleetSize
  readonly #load: Load
  readonly #counts: { servedOnRemoved: number, refused: number, handshakes: { full: number, resumed: number } }
  readonly #shutOut: string[] = []
  #old: Generation | undefined
  #now: Generation
  #trusted: string
  #closing: Array<() => unknown>

  static async open (size: FleetSize): Promise<Scene> {
    const first = await found()
    const server = await first.servers.issue(SERVER)
    const writer = await ForeignWriter.create({ 'tls.key': server.key, 'tls.crt': server.chain, ...await trustOf(first) })
    // What does not fit together is said at once, so that a wait for it is a wait for an event.
    const credentials = await fileCredentials({ cert: writer.path('tls.crt'), key: writer.path('tls.key'), ca: writer.path('ca.crt'), crl: writer.path('ca.crl'), crlIssuers: writer.path('issuers.crt'), reportAfter: 1 })
    const counts = { servedOnRemoved: 0, refused: 0, handshakes: { full: 0, resumed: 0 } }
    // Connections end now and then, so that sessions are resumed under way.
    const app: FastifyInstance<any, any, any, any> = Fastify(withMtls(credentials, { maxRequestsPerSocket: 50, http2: true }))
    await app.register(fastifyMtls)
    app.get('/', async (request: any) => {
      const anchor = request.peer.chain?.at(-1)?.fingerprint256
      if (!credentials.current.anchors.some(({ fingerprint256 }) => fingerprint256 === anchor)) counts.servedOnRemoved += 1
      return { cn: request.peer.subject.commonName }
    })
    await app.listen({ host: '127.0.0.1', port: 0 })
    const { port } = app.server.address() as { port: number }
    const load = new Load(await Fleet.open(port, fleetOf(first, first.root.root), size), size)
    return new Scene({ app, credentials, writer, size, load, counts, first })
  }

  private constructor ({ app, credentials, writer, size, load, counts, first }: any) {
    this.#app = app
    this.#credentials = credentials
    this.#writer = writer
    this.#size = size
    this.#load = load
    this.#counts = counts
    this.#now = first
    this.#trusted = first.root.root
    const onIdentified = ({ resumed }: any): void => { counts.handshakes[resumed === true ? 'resumed' : 'full'] += 1 }
    subscribe('peerkit:connection:identified', onIdentified)
    const end = credentials.subscribe(({ type }: { type: string }) => { if (type === 'refused') counts.refused += 1 })
    this.#closing = [end, () => { unsubscribe('peerkit:connection:identified', onIdentified) }]
  }

  async turn (turn: number): Promise<void> {
    const step = turn % 6
    if (step === 4) await this.#addCa(turn)
    else if (step === 5) await this.#moveToNewCa(turn)
    else if (step === 0) await this.#removeOldCa(turn)
    else if (step === 2) await this.#revokeSomebody(turn)
    else await this.#renewLeaf(turn, step === 3)
    await this.#load.pass(this.#size.http1 + this.#size.sessions * this.#size.streams)
  }

  async report (rotations: number): Promise<RotationReport> {
    await this.#load.stop()
    return { rotations, ...this.#load.tally, ...this.#counts, shutOut: this.#shutOut }
  }

  async close (): Promise<void> {
    await this.#load.stop().catch(() => {})
    for (const end of this.#closing) end()
    await this.#app.close()
    await this.#credentials.close()
    await this.#writer.remove()
  }

  get #port (): number { return (this.#app.server.address() as { port: number }).port }

  async #renewLeaf (turn: number, withIntermediate: boolean): Promise<void> {
    if (withIntermediate) this.#now = { ...this.#now, servers: await this.#now.root.intermediate() }
    const server = await this.#now.servers.issue(SERVER)
    await this.#rotate(turn, { 'tls.key': server.key, 'tls.crt': server.chain }, ({ identity }) => identity.serialNumber === server.serialNumber)
  }

  async #addCa (turn: number): Promise<void> {
    this.#old = this.#now
    this.#now = await found()
    this.#trusted = this.#old.root.root + this.#now.root.root
    await this.#rotate(turn, await trustOf(this.#old, this.#now), ({ anchors }) => anchors.length === 2)
    // Still with their old certificate, and ready for a server with a new one.
    await this.#load.move(await Fleet.open(this.#port, fleetOf(this.#old, this.#trusted), this.#size))
  }

  async #moveToNewCa (turn: number): Promise<void> {
    await this.#renewLeaf(turn, false)
    await this.#load.move(await Fleet.open(this.#port, fleetOf(this.#now, this.#trusted), this.#size))
  }

  async #removeOldCa (turn: number): Promise<void> {
    const { client } = this.#old as Generation
    await this.#shutOutBy('removed CA', client, async () => {
      this.#trusted = this.#now.root.root
      await this.#rotate(turn, await trustOf(this.#now), ({ anchors }) => anchors.length === 1)
    })
  }

  async #revokeSomebody (turn: number): Promise<void> {
    const somebody = await this.#now.clients.issue({ cn: 'somebody', profile: 'client' })
    await this.#shutOutBy('revoked', somebody, async () => {
      this.#now.clients.revoke(somebody)
      const { trustEpoch } = this.#credentials.current
      await this.#rotate(turn, { 'ca.crl': (await trustOf(this.#now))['ca.crl'] }, (snapshot) => snapshot.trustEpoch > trustEpoch)
    })
  }

  /** What a client with open connections and a ticket is told after something happened. */
  async #shutOutBy (what: string, { chain, key }: IssuedCertificate, happen: () => Promise<void>): Promise<void> {
    const ca = { ca: { root: this.#trusted } as DevCa, port: this.#port }
    const identity = { cert: chain, key }
    const open = await Promise.all((['HTTP/1.1', 'HTTP/2'] as const).map(async (protocol) => {
      const dialled = await dial(ca, protocol, identity)
      if (await dialled.ask() !== 200) throw new Error('a client was not served while it was trusted')
      return { protocol, dialled }
    }))
    await happen()
    for (const { protocol, dialled } of open) {
      const again = await dial(ca, protocol, identity, { session: dialled.session })
      const fresh = await dial(ca, protocol, identity)
      const outcome = async (of: Dialled): Promise<string> => String(await of.ask() ?? 'closed')
      this.#shutOut.push(`${what}, ${protocol}: open ${await outcome(dialled)}, then ${await outcome(dialled)}; ticket ${await outcome(again)}; new ${await outcome(fresh)}`)
      await Promise.all([dialled, again, fresh].map(async (one) => { await one.close() }))
    }
  }

  /** Spoils a file, then writes what is meant, in one of several manners; resolves when it is in force. */
  async #rotate (turn: number, contents: Contents, holds: (snapshot: CredentialSnapshot) => boolean): Promise<void> {
    const names = Object.keys(contents) as FileName[]
    const [spoil = 'none', manner = 'rename'] = [SPOILS[turn % SPOILS.length], MANNERS[turn % MANNERS.length]]
    const name = names[turn % names.length] as FileName
    if (spoil !== 'none') {
      const refused = this.#when(({ type }) => type === 'refused')
      await this.#writer.spoil(name, contents[name] ?? '', spoil)
      // Under this the requests go on; nothing is taken.
      await refused
      await this.#load.pass(this.#size.http1)
    }
    const taken = this.#when(({ snapshot }) => holds(snapshot))
    // In this order or the other, and the certificate now and then not before it was said that it is missing: some write a key long before.
    const parts = (turn + Math.floor(turn / 6)) % 2 === 0 ? names : names.reverse()
    for (const [index, part] of parts.entries()) {
      const waits = spoil === 'none' && part.startsWith('tls') && index < parts.length - 1
      const refused = waits ? this.#when(({ type }) => type === 'refused') : undefined
      await this.#writer.write({ [part]: contents[part] }, manner)
      await refused
    }
    await taken
  }

  async #when (met: (change: { readonly type: string, readonly snapshot: CredentialSnapshot }) => boolean): Promise<void> {
    await new Promise<void>((resolve) => {
      const end = this.#credentials.subscribe((change) => {
        if (!met(change)) return
        end()
        resolve()
      })
    })
  }
}

const SERVER = { cn: 'server', dns: 'localhost', ip: '127.0.0.1' }

async function found (): Promise<Generation> {
  const root = await createDevCa()
  const clients = await root.intermediate({ name: 'Clients' })
  return { root, servers: await root.intermediate(), clients, client: await clients.issue({ cn: 'client', profile: 'client' }) }
}

/** The files of whom we trust: CAs, and the CRLs of theirs and of the intermediates that issue clients' certificates. */
async function trustOf (...generations: Generation[]): Promise<{ 'issuers.crt': string, 'ca.crl': string, 'ca.crt': string }> {
  const lists = await Promise.all(generations.flatMap(({ root, clients }) => [root, clients]).map(async (ca) => (await ca.crl()).pem))
  return {
    'issuers.crt': generations.map(({ clients }) => clients.certificate).join(''),
    'ca.crl': lists.join(''),
    'ca.crt': generations.map(({ root }) => root.root).join('')
  }
}

function fleetOf ({ client }: Generation, ca: string): FleetIdentity {
  return { cert: client.chain, key: client.key, ca }
}
