import { isIP } from 'node:net'
import type { Dispatcher } from 'undici'

/** Where a request goes. */
export interface Target {
  /** Who is meant. */
  readonly origin: string
  /** Where the connection goes: the same, unless somebody resolved the name before. */
  readonly address: string
  /** The name that the certificate must be for; an IP address where the origin is one. */
  readonly hostname: string
  /** The server name that the caller set, if any. */
  readonly servername: string | undefined
}

/** Of a text that was read before. */
interface KnownTarget extends Target { readonly isAddress: boolean }

const MOST_KNOWN = 1000
const known = new Map<string, KnownTarget>()

/**
 * Reads where a request goes. The `Host` header has no say: undici would ask for its name and have the certificate checked against it, and in a proxy that header is the client's.
 * undici's dns interceptor puts an address into the origin and the name into `servername`; the origin meant is then the name's.
 */
export function readTarget (options: Dispatcher.DispatchOptions, handler: object): Target {
  const { origin: given } = options
  const { servername } = options as { servername?: string | null }
  const text = typeof given === 'string' ? given : given === undefined || given === null ? '' : String(given)
  const target = known.get(text) ?? learn(text)
  if (!target.isAddress) return servername ? { ...target, servername } : target
  const name = askedName(options) ?? (servername || resolvers.get(handler))
  if (name !== undefined && handler.constructor.name === 'DNSDispatchHandler') resolvers.set(handler, name)
  return name === undefined || isIP(name) !== 0 ? target : { origin: replaceHost(target.origin, name), address: target.address, hostname: name, servername: name }
}

function learn (text: string): KnownTarget {
  if (!URL.canParse(text)) return { origin: text, address: text, hostname: text, servername: undefined, isAddress: false }
  const { origin, hostname: written } = new URL(text)
  const hostname = written.replace(/^\[|\]$/g, '')
  const target = Object.freeze({ origin, address: origin, hostname, servername: undefined, isAddress: isIP(hostname) !== 0 })
  if (known.size >= MOST_KNOWN) known.clear()
  known.set(text, target)
  return target
}

/**
 * The dns interceptor's own handlers, and the name that each resolved: undici 7's second try, with the other address family, has no other trace of it. A redirect to an address comes by other handlers
 * and is what it looks like.
 */
const resolvers = new WeakMap<object, string>()

/** The interceptors of undici 8 keep the origin that was asked for under a symbol. It goes before a server name, which may be left over from before a redirect. */
function askedName (options: object): string | undefined {
  for (const symbol of Object.getOwnPropertySymbols(options)) {
    if (symbol.description !== 'request origin') continue
    const asked = String((options as Record<symbol, unknown>)[symbol])
    return URL.canParse(asked) ? new URL(asked).hostname.replace(/^\[|\]$/g, '') : undefined
  }
  return undefined
}

function replaceHost (origin: string, hostname: string): string {
  const url = new URL(origin)
  url.hostname = hostname
  return url.origin
}
