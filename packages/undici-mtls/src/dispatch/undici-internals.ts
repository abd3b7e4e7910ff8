import * as undici from 'undici'
import { Agent } from 'undici'
import type { Dispatcher } from 'undici'
import { OutboundOptionError } from '../errors.ts'

/** The versions of undici whose internals are known. Others are tried, and refused or warned about if they differ. */
export const KNOWN_UNDICI = '7 and 8'

/** The symbol under which undici's MockAgent stores its mocks in the agent that it got. There is no public way. */
export const kClients: symbol | null = findSymbol(new undici.Agent(), 'clients')

let hasWarned = false

/**
 * Checks that the installed undici has what this package relies on.
 *
 * @throws OutboundOptionError if it is older than undici 7: its dispatchers call handlers in another way
 */
export function checkUndici (
  installed: object = undici, mocks: symbol | null = kClients, warn: typeof warnOnce = warnOnce
): void {
  // Every undici since 7.0 has it.
  if (!('cacheStores' in installed)) {
    throw new OutboundOptionError('the installed undici is older than 7; install undici 7 or 8')
  }
  // Only tests use mocks. Without the symbol their requests would be sent.
  if (mocks === null) {
    warn('The installed undici keeps the mocks of MockAgent in an unknown way, so an MtlsAgent does not answer with ' +
      `mocks; expected undici ${KNOWN_UNDICI}`)
  }
}

function warnOnce (message: string): void {
  if (hasWarned) return
  hasWarned = true
  process.emitWarning(message, { type: 'PeerkitWarning', code: 'MTLS_WARN_UNDICI_UNKNOWN' })
}

/**
 * Whether a handler is one of the dns interceptor. In undici 7 its second try, with the other address family, carries
 * the name of the origin nowhere else. If undici renames it, that try is refused, since its origin is an address.
 */
export function isDnsHandler (handler: object): boolean {
  return handler.constructor.name === 'DNSDispatchHandler'
}

/** The origin that a request had before an interceptor of undici 8 replaced it. It is kept under a symbol. */
export function originBefore (options: object): string | undefined {
  const symbol = findSymbol(options, 'request origin')
  return symbol === null ? undefined : String((options as Record<symbol, unknown>)[symbol])
}

function findSymbol (holder: object, name: string): symbol | null {
  return Object.getOwnPropertySymbols(holder).find(({ description }) => description === name) ?? null
}

/** Mocks by origin: as in undici 8, or as in undici 7, with a count. */
type Planted = Map<string, Dispatcher | { readonly dispatcher: Dispatcher }>

/** Makes `new MockAgent({ agent })` work. Returns a function that finds the dispatcher of an origin's mocks. */
export function acceptMocks (agent: Dispatcher): (origin: string) => Dispatcher | undefined {
  if (kClients === null) return () => undefined
  const planted: Planted = new Map()
  Object.defineProperty(agent, kClients, { value: planted })
  const find = (origin: string): Dispatcher | undefined => {
    const mock = planted.get(origin)
    return mock !== undefined && 'dispatcher' in mock ? mock.dispatcher : mock
  }
  // Mocks of undici 7 expect handlers in the form that its own dispatchers pass on.
  const shaper = new Agent({ factory: (origin) => find(new URL(origin).origin) as Dispatcher })
  return (origin) => planted.size > 0 && find(origin) !== undefined ? shaper : undefined
}
