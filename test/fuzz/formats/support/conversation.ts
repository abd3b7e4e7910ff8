import { Dispatcher } from 'undici'

/** What a server answers. A body that is no text is sent as JSON. */
export interface Reply { readonly status?: unknown, readonly headers?: unknown, readonly body?: unknown }

/** The answers of a server by step. The last one of a step is repeated. */
export type Script = Readonly<Record<string, readonly Reply[] | undefined>>

/** No issuer needs more calls for one certificate. */
const MAX_CALLS = 150

/** Thrown through the signal, where the code would wait for the server. */
export class WouldWait extends Error {}
/** The code goes on asking, or asks somebody else. */
export class WrongCall extends Error {}

type Handler = Required<Pick<Dispatcher.DispatchHandler, 'onRequestStart' | 'onResponseStart' | 'onResponseData' | 'onResponseEnd'>>

/** Answers every call from a script, without a network. Counts the calls, so that one without end is noticed. */
export class ScriptedServer extends Dispatcher {
  readonly #script: Script
  readonly #origin: string
  readonly #stepOf: (path: string) => string
  readonly #counts = new Map<string, number>()
  #calls = 0
  /** A call that must never be made. */
  wrong: WrongCall | undefined

  constructor (script: Script, origin: string, stepOf: (path: string) => string) {
    super()
    this.#script = script
    this.#origin = origin
    this.#stepOf = stepOf
  }

  override dispatch ({ origin, path, method }: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    this.#calls += 1
    if (String(origin) !== this.#origin) this.wrong ??= new WrongCall(`a call to ${String(origin)}`)
    if (this.#calls > MAX_CALLS) this.wrong ??= new WrongCall(`more than ${MAX_CALLS} calls`)
    const { onRequestStart, onResponseStart, onResponseData, onResponseEnd } = handler as Handler
    const controller = { aborted: false, paused: false, reason: null, rawHeaders: null, rawTrailers: null, abort () {}, pause () {}, resume () {} }
    const { status, headers, body } = this.wrong === undefined ? this.#next(path) : {}
    queueMicrotask(() => {
      onRequestStart.call(handler, controller as never, {})
      onResponseStart.call(handler, controller as never, readStatus(status), readHeaders(headers), '')
      const text = body === undefined || method === 'HEAD' ? '' : typeof body === 'string' ? body : JSON.stringify(body)
      onResponseData.call(handler, controller as never, Buffer.from(text))
      onResponseEnd.call(handler, controller as never, {})
    })
    return true
  }

  override async close (): Promise<void> {}
  override async destroy (): Promise<void> {}

  #next (path: string): Reply {
    const step = this.#stepOf(path)
    const count = this.#counts.get(step) ?? 0
    this.#counts.set(step, count + 1)
    const replies = Object.hasOwn(this.#script, step) ? this.#script[step] : undefined
    if (!Array.isArray(replies)) return { status: 404, body: {} }
    return (replies[count] ?? replies.at(-1) ?? {}) as Reply
  }
}

function readStatus (status: unknown): number {
  return Number.isInteger(status) && (status as number) >= 200 && (status as number) <= 599 ? status as number : 200
}

/** HTTP has texts as values of headers, or lists of them. */
function readHeaders (headers: unknown): Record<string, string | string[]> {
  if (typeof headers !== 'object' || headers === null) return {}
  return Object.fromEntries(Object.entries(headers).filter(([, value]) => {
    return typeof value === 'string' || (Array.isArray(value) && value.every((one) => typeof one === 'string'))
  }))
}

/** Limits of the issuers on their own work, in milliseconds. Nothing is waited for as long as that. */
const OWN_LIMITS = [2_000, 3_000]

/**
 * Runs a conversation. Where the code begins to wait for the server, its signal is aborted instead.
 *
 * @throws WouldWait, WrongCall, or what the code throws
 */
export async function converse<Answer> (server: ScriptedServer, run: (signal: AbortSignal) => Promise<Answer>): Promise<Answer> {
  const controller = new AbortController()
  const { setTimeout: real } = globalThis
  const patched = (task: () => void, delay = 0): unknown => {
    if (delay >= 100 && !OWN_LIMITS.includes(delay)) queueMicrotask(() => { controller.abort(new WouldWait('it would wait')) })
    return real(task, delay)
  }
  globalThis.setTimeout = patched as typeof setTimeout
  try {
    const answer = await run(controller.signal)
    if (server.wrong !== undefined) throw server.wrong
    return answer
  } catch (error) {
    throw server.wrong ?? error
  } finally {
    globalThis.setTimeout = real
  }
}

/** Reads a script. What is none, or has no lists, is a server that answers nothing. */
export function readScript (input: Buffer): Script {
  try {
    const found: unknown = JSON.parse(input.toString())
    return typeof found === 'object' && found !== null ? found as Script : {}
  } catch {
    return {}
  }
}
