import { Agent } from 'node:https'
import { setTimeout as pause } from 'node:timers/promises'
import { memoryCredentials } from '@peerkit/credentials'
import type { IssuedCertificate } from '@peerkit/dev-ca'
import { MtlsAgent } from '@peerkit/undici-mtls'
import { callOnce, sendGarbage, sendSlowly, staySilent, wasAnswered } from './calls.ts'
import type { Target } from './calls.ts'
import type { SoakWorld } from './world.ts'

/** Calls at once over connections that are kept. */
const STEADY = 20
/** Milliseconds between two calls of one client: the soak looks for what grows, and not for the highest load. */
const PAUSE = 250

/** About as many certificates as OpenSSL accepts. */
const LONG = 150

/** Clients that go on until they are stopped. */
export class SoakLoad {
  readonly #target: Target
  readonly #world: SoakWorld
  readonly #over = new AbortController()
  readonly #running: Promise<void>[] = []
  #closing = async (): Promise<void> => {}
  /** Milliseconds of the steady calls since they were last taken. */
  #latencies: number[] = []
  /** Answers that were not as they should be, with the minutes after the start at which they came. */
  readonly wrong: Map<string, number[]> = new Map()
  readonly #begun = performance.now()
  /** Calls and connections, by the kind of client. */
  readonly counts: Map<string, number> = new Map()

  constructor (target: Target, world: SoakWorld) {
    this.#target = target
    this.#world = world
  }

  async start (): Promise<void> {
    const [steady, fresh, slow, guest, stranger] = await Promise.all([
      this.#world.client('client-steady'), this.#world.client('client-fresh'), this.#world.client('client-slow'),
      this.#world.client('client-guest', 'guest'), this.#world.client('client-stranger', 'stranger')
    ]) as [IssuedCertificate, IssuedCertificate, IssuedCertificate, IssuedCertificate, IssuedCertificate]
    this.#keepSteady(steady)
    for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
      const agent = new Agent({ maxCachedSessions: 10 })
      this.#repeat('new connection', 200, async () => {
        this.#expect('new connection', await callOnce(this.#target, { certificate: fresh, maxVersion }), 'client-fresh')
      })
      this.#repeat('resumed session', 200, async () => {
        const call = async (): Promise<string> => {
          return await callOnce(this.#target, { certificate: fresh, maxVersion, agent })
        }
        const answer = await call()
        // A session may be reset once after the trust has changed. The next handshake is full.
        this.#expect('resumed session', answer === 'ECONNRESET' ? await call() : answer, 'client-fresh')
      })
    }
    this.#repeat('guest', 200, async () => {
      const before = this.#world.guestTurn
      const answer = await callOnce(this.#target, { certificate: guest })
      // Its CA comes and goes: only answers count during which it did neither.
      if (before === undefined || this.#world.guestTurn !== before) return
      if (this.#world.trustsGuest) this.#expect('guest', answer, 'client-guest')
      else this.#refuse('guest', answer)
    })
    for (const [kind, certificate] of [['stranger', stranger], ['no certificate', undefined]] as const) {
      this.#repeat(kind, 200, async () => { this.#refuse(kind, await callOnce(this.#target, { certificate })) })
    }
    const long = { ...stranger, chain: stranger.cert + this.#world.strangerRoot.repeat(LONG) }
    this.#repeat('stranger with a long chain', 1_000, async () => {
      this.#refuse('stranger with a long chain', await callOnce(this.#target, { certificate: long }))
    })
    this.#repeat('garbage', 200, async () => { await sendGarbage(this.#target) })
    for (let client = 0; client < 10; client += 1) {
      this.#repeat('silent', 10, async () => { await staySilent(this.#target, 5_000) })
      this.#repeat('slow request', 10, async () => { await sendSlowly(this.#target, slow, 60) })
    }
  }

  /** A client that was revoked, and the server has confirmed it. */
  async tryRevoked (certificate: IssuedCertificate): Promise<void> {
    this.#refuse('revoked', await callOnce(this.#target, { certificate }))
  }

  takeLatencies (): readonly number[] {
    const taken = this.#latencies
    this.#latencies = []
    return taken
  }

  async stop (): Promise<void> {
    this.#over.abort()
    await Promise.all(this.#running)
    await this.#closing()
  }

  #keepSteady ({ chain, key }: IssuedCertificate): void {
    const { port, root } = this.#target
    const credentials = memoryCredentials({ cert: chain, key, ca: root })
    const agent = new MtlsAgent({ credentials, connections: STEADY })
    const origin = `https://127.0.0.1:${port}`
    for (let client = 0; client < STEADY; client += 1) {
      this.#repeat('steady', PAUSE, async () => {
        const begun = performance.now()
        try {
          const { statusCode, body } = await agent.request({ origin, path: '/', method: 'GET' })
          const text = await body.text()
          this.#latencies.push(performance.now() - begun)
          this.#expect('steady', statusCode === 200 ? text : String(statusCode), 'client-steady')
        } catch (error) {
          this.note('steady', (error as NodeJS.ErrnoException).code ?? String(error))
        }
      })
    }
    this.#closing = async () => {
      await agent.close()
      await credentials.close()
    }
  }

  #repeat (kind: string, milliseconds: number, run: () => Promise<void>): void {
    const { signal } = this.#over
    this.#running.push((async () => {
      while (!signal.aborted) {
        await run()
        this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1)
        await pause(milliseconds, undefined, { signal }).catch(() => {})
      }
    })())
  }

  #expect (kind: string, answer: string, expected: string): void {
    if (answer !== expected) this.note(kind, answer)
  }

  #refuse (kind: string, answer: string): void {
    if (wasAnswered(answer)) this.note(kind, answer)
  }

  /** Notes an answer, or anything else, that should not have been. */
  note (kind: string, answer: string): void {
    const what = `${kind}: ${answer}`
    const minute = (performance.now() - this.#begun) / 60_000
    this.wrong.set(what, [...this.wrong.get(what) ?? [], Number(minute.toFixed(1))])
  }
}
