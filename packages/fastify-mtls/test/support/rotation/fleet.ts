import { once } from 'node:events'
import http2 from 'node:http2'
import https from 'node:https'

export interface FleetIdentity { readonly cert: string, readonly key: string, readonly ca: string }

export interface FleetSize { readonly http1: number, readonly sessions: number, readonly streams: number }

export interface Tally { answered: number, readonly failures: string[] }

type Ask = () => Promise<number | undefined>

/** The connections of clients that hold one certificate: HTTP/1.1 keep-alive and HTTP/2. */
export class Fleet {
  readonly #agent: https.Agent
  readonly #sessions: http2.ClientHttp2Session[]
  readonly #port: number
  #inFlight = 0
  #drained: (() => void) | undefined

  private constructor (port: number, identity: FleetIdentity, sessions: http2.ClientHttp2Session[]) {
    this.#port = port
    this.#agent = new https.Agent({ keepAlive: true, ...identity })
    this.#sessions = sessions
  }

  static async open (port: number, identity: FleetIdentity, size: FleetSize): Promise<Fleet> {
    const sessions = await Promise.all(Array.from({ length: size.sessions }, async () => {
      const session = http2.connect(`https://127.0.0.1:${port}`, identity)
      await once(session, 'connect')
      return session
    }))
    return new Fleet(port, identity, sessions)
  }

  askHttp1: Ask = async () => await this.#count(new Promise((resolve, reject) => {
    https.get({ host: '127.0.0.1', port: this.#port, agent: this.#agent }, (response) => {
      response.resume().on('end', () => { resolve(response.statusCode) }).on('error', reject)
    }).on('error', reject)
  }))

  askHttp2 = async (session: number): Promise<number | undefined> => await this.#count(new Promise((resolve, reject) => {
    const stream = this.#sessions[session]?.request({ ':path': '/' })
    let status: number | undefined
    stream?.on('response', (headers) => { status = Number(headers[':status']) }).on('error', reject).on('close', () => { resolve(status) }).resume()
  }))

  /** Closes the connections when their last answer is there. */
  async retire (): Promise<void> {
    if (this.#inFlight > 0) await new Promise<void>((resolve) => { this.#drained = resolve })
    this.#agent.destroy()
    await Promise.all(this.#sessions.map(async (session) => {
      const closed = once(session, 'close')
      session.close()
      await closed
    }))
  }

  async #count (asked: Promise<number | undefined>): Promise<number | undefined> {
    this.#inFlight += 1
    try {
      return await asked
    } finally {
      this.#inFlight -= 1
      if (this.#inFlight === 0) this.#drained?.()
    }
  }
}

/** Keeps requests in flight, one after the other for each worker, over whichever fleet is in use. */
export class Load {
  readonly tally: Tally = { answered: 0, failures: [] }
  #fleet: Fleet
  #running = true
  readonly #workers: Array<Promise<void>>
  #waiting: Array<{ readonly goal: number, resolve (): void }> = []

  constructor (fleet: Fleet, { http1, sessions, streams }: FleetSize) {
    this.#fleet = fleet
    this.#workers = [
      ...Array.from({ length: http1 }, async () => { await this.#work(async (current) => await current.askHttp1()) }),
      ...Array.from({ length: sessions * streams }, async (_, index) => { await this.#work(async (current) => await current.askHttp2(index % sessions)) })
    ]
  }

  /** New requests go over the new fleet; resolves when the last of the old one was answered. */
  async move (fleet: Fleet): Promise<void> {
    const old = this.#fleet
    this.#fleet = fleet
    await old.retire()
  }

  /** Resolves when so many more were answered. */
  async pass (count: number): Promise<void> {
    await new Promise<void>((resolve) => { this.#waiting.push({ goal: this.tally.answered + count, resolve }) })
  }

  async stop (): Promise<void> {
    if (!this.#running) return
    this.#running = false
    await Promise.all(this.#workers)
    await this.#fleet.retire()
  }

  async #work (ask: (fleet: Fleet) => Promise<number | undefined>): Promise<void> {
    while (this.#running) {
      try {
        const status = await ask(this.#fleet)
        if (status !== 200) this.tally.failures.push(`status ${status}`)
      } catch (error) {
        this.tally.failures.push(String(error))
      }
      this.tally.answered += 1
      if (this.#waiting.length > 0) {
        for (const { goal, resolve } of this.#waiting) if (this.tally.answered >= goal) resolve()
        this.#waiting = this.#waiting.filter(({ goal }) => this.tally.answered < goal)
      }
    }
  }
}
