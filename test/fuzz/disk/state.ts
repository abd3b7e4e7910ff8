import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Fastify from 'fastify'
import { blockFile, fileCredentials } from '@peerkit/credentials'
import type { BlockFile, FileCredentials } from '@peerkit/credentials'
import fastifyAllowedClients from '@peerkit/fastify-allowed-clients'
import fastifyMtls, { mtlsServerOptions } from '@peerkit/fastify-mtls'
import { dial, present } from '../../attacks/support/dial.ts'
import type { Answer, Connection, Presented, Way } from '../../attacks/support/dial.ts'
import { Contents } from './contents.ts'
import type { Content } from './contents.ts'
import { News } from './news.ts'
import { PARTS, SOURCES, readAgain, sourceOf, statusOf } from './model.ts'
import type { Disk, File, Part, Source } from './model.ts'

/** Milliseconds. A busy machine is no reason to refuse a client. */
const PATIENCE = 600_000
/** All files can be used at the start: every client of the first CAs is allowed. */
const FIRST: Readonly<Record<Part, number>> = { own: 0, a: 0, b: 0, block: 0, rules: 255 }

/** How a file comes to its place. */
export type Writing = 'in place' | 'rename'

/** A connection that the server accepted. */
export interface Open {
  readonly client: string
  readonly connection: Connection
  /** Whether its client was refused in between: it may have been reviewed then, and is not served again. */
  wasRefused: boolean
}

/** A run: one server whose rules, certificates, lists and blocks are files, and what the model knows of them. */
export class DiskState {
  readonly contents = new Contents()
  disk = {} as Disk
  inForce = {} as Disk
  open: Open[] = []
  steps = 0
  /** How often each thing happened. */
  readonly seen = new Map<string, number>()
  readonly #presented = new Map<string, Presented>()
  #folder = ''
  #app: any
  #credentials: FileCredentials | undefined
  #block: BlockFile | undefined
  readonly #isWatched: boolean
  readonly #news = new News()
  readonly #missing = new Set<File>()

  /** @param isWatched whether the server follows its files. Otherwise it reads them when it is told to. */
  constructor (isWatched = false) { this.#isWatched = isWatched }

  count (what: string): void { this.seen.set(what, (this.seen.get(what) ?? 0) + 1) }

  pathOf (file: File): string {
    const extension = file === 'block' ? 'yaml' : file === 'rules' ? 'json' : 'pem'
    return join(this.#folder, `${file}.${extension}`)
  }

  async begin (): Promise<void> {
    this.#folder = await mkdtemp(join(tmpdir(), 'peerkit-fuzz-'))
    for (const [part, choice] of Object.entries(FIRST)) {
      const made = this.contents.make(part as Part, choice)
      for (const [file, content] of made) await this.write(file, content, 'in place')
    }
    this.inForce = this.disk
    this.#credentials = await fileCredentials({
      cert: this.pathOf('cert'),
      key: this.pathOf('key'),
      authorities: {
        a: { ca: this.pathOf('ca-a'), crl: this.pathOf('crl-a'), for: 'clients', names: { subject: 'any' } },
        b: { ca: this.pathOf('ca-b'), crl: this.pathOf('crl-b'), for: 'clients', names: { subject: 'any' } }
      },
      watch: this.#isWatched
    })
    this.#credentials.subscribe(({ type }) => { this.#news.tell(`credentials ${type}`) })
    this.#block = await blockFile(this.pathOf('block'), { watch: this.#isWatched })
    this.#block.subscribe(({ type }) => { this.#news.tell(`block ${type}`) })
    subscribe('peerkit:rules:reloaded', this.#onRulesReloaded)
    subscribe('peerkit:rules:refused', this.#onRulesRefused)
    this.#app = Fastify(mtlsServerOptions(this.#credentials, {
      http2: true, block: this.#block, handshakeTimeout: PATIENCE, revocationTimeout: PATIENCE
    }) as any)
    await this.#app.register(fastifyMtls)
    await this.#app.register(fastifyAllowedClients, { file: this.pathOf('rules'), watch: this.#isWatched })
    this.#app.get('/', async ({ peer }: any) => ({ cn: peer.subject?.commonName }))
    await this.#app.listen({ host: '127.0.0.1', port: 0 })
  }

  readonly #onRulesReloaded = (): void => { this.#news.tell('rules changed') }
  readonly #onRulesRefused = (): void => { this.#news.tell('rules refused') }

  /** Writes a file; its meaning changes when it is whole. */
  async write (file: File, { text, meaning }: Content, writing: Writing): Promise<void> {
    const path = this.pathOf(file)
    this.#missing.delete(file)
    if (writing === 'in place') await writeFile(path, text)
    else {
      await writeFile(`${path}.new`, text)
      await rename(`${path}.new`, path)
    }
    this.disk = { ...this.disk, [file]: meaning }
  }

  async remove (file: File): Promise<void> {
    await rm(this.pathOf(file), { force: true })
    this.#missing.add(file)
    this.disk = { ...this.disk, [file]: undefined }
  }

  /** Changes files of a part. Where they are followed, waits until the server has seen what they mean now. */
  async change (part: Part, write: () => Promise<void>): Promise<void> {
    if (!this.#isWatched) {
      await write()
      return
    }
    const source = sourceOf(part)
    const before = this.#news.count(`${source} refused`)
    // That a file is still missing is not told again.
    const wasMissing = PARTS[part].some((file) => this.#missing.has(file))
    const changed = this.#news.count(`${source} changed`)
    await write()
    const { inForce, refused } = readAgain(source, this.disk, this.inForce)
    const isOther = PARTS[part].some((file) => {
      return this.contents.textOf(inForce[file]!) !== this.contents.textOf(this.inForce[file]!)
    })
    // Certificate and key are rarely written together, so nothing tells soon that they do not fit.
    if (part === 'own') await this.#news.until(() => !isOther || this.#serial === this.#serialOf(inForce))
    else if (wasMissing && PARTS[part].some((file) => this.#missing.has(file))) this.count('still missing')
    else if (refused.length > 0) await this.#news.until(() => this.#news.count(`${source} refused`) > before)
    else if (isOther) await this.#news.until(() => this.#news.count(`${source} changed`) > changed)
    this.count(`${part}: ${refused.length > 0 ? 'refused' : isOther ? 'taken' : 'the same'}`)
    this.#take(inForce)
  }

  #serialOf ({ cert }: Disk): string | undefined {
    return cert?.is === 'cert' ? this.contents.serials[cert.pair] : undefined
  }

  get #serial (): string | undefined { return this.#credentials?.current.identity.serialNumber?.toLowerCase() }

  #take (inForce: Disk): void {
    this.inForce = inForce
    for (const open of this.open) open.wasRefused ||= statusOf(open.client, inForce) === undefined
  }

  /** A source reads its files. @throws Error if it says other than the model */
  async reload (source: Source): Promise<void> {
    const read = {
      credentials: async () => { await this.#credentials?.reload() },
      block: async () => { await this.#block?.reload() },
      rules: async () => { await this.#app.mtls.reload() }
    }[source]
    const { inForce, refused } = readAgain(source, this.disk, this.inForce)
    const error = await read().then(() => undefined, (thrown: Error) => thrown)
    if (refused.length === 0 && error !== undefined) throw new Error(`must be taken, and was refused: ${error.message}`)
    if (refused.length > 0) {
      if (error === undefined) throw new Error(`must refuse ${refused.join(' and ')}, and was taken`)
      const paths = refused.flatMap((part) => PARTS[part].map((file) => this.pathOf(file)))
      if (!paths.some((path) => error.message.includes(path))) {
        throw new Error(`names no file of ${refused.join()}: ${error.message}`)
      }
    }
    const isChanged = SOURCES[source].some((part) => PARTS[part].some((file) => inForce[file] !== this.inForce[file]))
    this.count(`${source}: ${refused.length === 0 ? 'taken' : isChanged ? 'taken in part' : 'refused'}`)
    this.#take(inForce)
  }

  async dial (client: string, way: Way): Promise<Connection> {
    const presented = this.#presented.get(client) ?? present(this.contents.clientOf(client))
    this.#presented.set(client, presented)
    return await dial(presented, { port: (this.#app.server.address() as AddressInfo).port, ...way })
  }

  /** @throws Error if an answer is another one than that of the model */
  check (client: string, { status, body }: Answer, wasRefused = false): void {
    const expected = statusOf(client, this.inForce)
    const found = status === 401 ? undefined : status
    this.count(found === undefined ? 'refused' : found === 200 ? 'served' : 'forbidden')
    if (found !== expected && !(wasRefused && found === undefined)) {
      throw new Error(`${client} must get ${expected ?? 'no answer'}, and got ${status ?? 'none'}`)
    }
    if (found === 200 && body.cn !== client) throw new Error(`${client} was called ${body.cn}`)
  }

  /** The certificate that the server presents must be the one in force. */
  checkServer ({ socket }: Connection): void {
    const serial = socket.getPeerX509Certificate()?.serialNumber.toLowerCase()
    const expected = this.#serialOf(this.inForce)
    // The server may have ended the connection.
    if (serial === undefined) return
    if (serial !== expected) throw new Error(`the server presented ${serial}; expected ${expected}`)
    this.count('certificates of the server compared')
  }

  async close (): Promise<void> {
    await Promise.all(this.open.map(async ({ connection }) => { await connection.close() }))
    await this.#app?.close()
    await Promise.all([this.#credentials?.close(), this.#block?.close()])
    unsubscribe('peerkit:rules:reloaded', this.#onRulesReloaded)
    unsubscribe('peerkit:rules:refused', this.#onRulesRefused)
    await rm(this.#folder, { recursive: true, force: true })
  }
}
