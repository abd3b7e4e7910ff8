// A service of ours with certificates from SPIRE, and its callers.
import Fastify from 'fastify'
import type { FastifyInstance } from 'fastify'
import type { Test } from 'tap'
import type { CredentialSource } from '@peerkit/credentials'
import fastifyAllowedClients from '@peerkit/fastify-allowed-clients'
import fastifyMtls, { withMtls } from '@peerkit/fastify-mtls'
import type { RuleSet } from '@peerkit/rules'
import { MtlsAgent } from '@peerkit/undici-mtls'

/** What a call came to: the status, or the code of the error. */
export type Answer = string

/** Milliseconds for a handshake. On a busy machine 200 of them at once take longer than the default of ten seconds. */
const HANDSHAKE = 60_000

/** Starts a service that tells allowed clients who they are. */
export async function startService (test: Test, credentials: CredentialSource, allowedClients: RuleSet, extend: (app: FastifyInstance) => void = () => {}): Promise<{ readonly origin: string }> {
  const app = Fastify({ ...withMtls(credentials, { mtls: { handshakeTimeout: HANDSHAKE } }), forceCloseConnections: true })
  await app.register(fastifyMtls)
  await app.register(fastifyAllowedClients)
  app.get('/', { config: { allowedClients } }, async ({ peer }) => `${peer.spiffeId} by ${peer.authority}`)
  extend(app)
  await app.listen({ host: '127.0.0.1', port: 0 })
  test.teardown(async () => { await app.close() })
  return { origin: app.listeningOrigin }
}

/** A caller that expects a server with this SPIFFE ID. */
export function startCaller (test: Test, credentials: CredentialSource, spiffe: string, connections?: number): MtlsAgent {
  const agent = new MtlsAgent({ credentials, allowedServers: { spiffe }, connectTimeout: HANDSHAKE, ...(connections === undefined ? {} : { connections }) })
  test.teardown(async () => { await agent.destroy() })
  return agent
}

/** One call: the answer, or the code of the error. `isNew` asks for a connection of its own. */
export async function call (agent: MtlsAgent, origin: string, isNew = false): Promise<Answer> {
  try {
    const { statusCode, body } = await agent.request({ origin, path: '/', method: 'GET', reset: isNew })
    const text = await body.text()
    return statusCode === 200 ? text : `${statusCode} ${/"code":"(\w+)"/.exec(text)?.[1] ?? text}`
  } catch (error) {
    const { code, reason, message } = error as Error & { code?: string, reason?: string }
    return `${code ?? message}${reason === undefined ? '' : ` ${reason}`}`
  }
}

/** Calls that go on until they are told to stop. */
export interface Traffic {
  /** How many were answered. */
  readonly answered: number
  /** What was answered by others than the expected answer, with how often. */
  readonly wrong: ReadonlyMap<Answer, number>
  /** Waits for this many answers from now on. */
  answers (count: number): Promise<void>
  stop (): Promise<void>
}

/** Keeps a number of calls in flight. Each one that was answered is followed by another. */
export function startTraffic (test: Test, agent: MtlsAgent, origin: string, { inFlight, expected }: { inFlight: number, expected: Answer }): Traffic {
  const wrong = new Map<Answer, number>()
  const waiting = new Set<() => void>()
  let answered = 0
  const over = new AbortController()
  async function keepCalling (): Promise<void> {
    while (!over.signal.aborted) {
      const answer = await call(agent, origin)
      answered += 1
      if (answer !== expected) wrong.set(answer, (wrong.get(answer) ?? 0) + 1)
      for (const look of [...waiting]) look()
    }
  }
  const calls = Array.from({ length: inFlight }, keepCalling)
  async function stop (): Promise<void> {
    over.abort()
    await Promise.all(calls)
  }
  test.teardown(stop)
  return {
    get answered () { return answered },
    wrong,
    answers: async (count) => {
      const last = answered + count
      await new Promise<void>((resolve) => {
        const look = (): void => {
          if (answered < last) return
          waiting.delete(look)
          resolve()
        }
        waiting.add(look)
      })
    },
    stop
  }
}
