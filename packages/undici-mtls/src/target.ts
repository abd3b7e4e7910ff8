import { isIP } from 'node:net'
import { LRUCache } from 'lru-cache'
import type { Dispatcher } from 'undici'
import { withoutRootDot } from './host-name.ts'
import { isDnsHandler, originBefore } from './undici-internals.ts'

/** The destination of a request. */
export interface Target {
  /** The origin whose server must answer. */
  readonly origin: string
  /** The origin to connect to. It differs if an interceptor has resolved the name. */
  readonly address: string
  /** The name that the certificate must be for; an IP address where the origin is one. */
  readonly hostname: string
  /** The server name that the caller set, if any. */
  readonly servername: string | undefined
}

/** A cached target. */
interface KnownTarget extends Target { readonly isAddress: boolean }

const MAX_KNOWN = 1000
const known = new LRUCache<string, KnownTarget>({ max: MAX_KNOWN })

/**
 * Reads the destination of a request. The `Host` header is ignored: undici would use it for SNI and the certificate
 * check, and in a proxy it comes from the client. undici's dns interceptor puts an address into the origin and the name
 * into `servername`; the origin is then the one of the name.
 */
export function readTarget (options: Dispatcher.DispatchOptions, handler: object): Target {
  const { origin: given } = options
  const { servername } = options as { servername?: string | null }
  const text = typeof given === 'string' ? given : given === undefined || given === null ? '' : String(given)
  const target = known.get(text) ?? learn(text)
  if (!target.isAddress) return servername ? { ...target, servername: withoutRootDot(servername) } : target
  const name = requestedName(options) ?? (servername ? withoutRootDot(servername) : resolvedNames.get(handler))
  if (name !== undefined && isDnsHandler(handler)) resolvedNames.set(handler, name)
  return name === undefined || isIP(name) !== 0
    ? target
    : { origin: replaceHost(target.origin, name), address: target.address, hostname: name, servername: name }
}

function learn (text: string): KnownTarget {
  if (!URL.canParse(text)) {
    return { origin: text, address: text, hostname: text, servername: undefined, isAddress: false }
  }
  const url = new URL(text)
  const address = url.origin
  // A dot at the end says that DNS must take the name as it is. It is the same server, with the same rules.
  url.hostname = withoutRootDot(url.hostname)
  const hostname = withoutBrackets(url.hostname)
  const target = Object.freeze({
    origin: url.origin, address, hostname, servername: undefined, isAddress: isIP(hostname) !== 0
  })
  known.set(text, target)
  return target
}

/**
 * The names that handlers of the dns interceptor have resolved. In undici 7 the second try, with the other address
 * family, carries the name nowhere else. A redirect to an address has other handlers and is taken as it is.
 */
const resolvedNames = new WeakMap<object, string>()

/**
 * The interceptors of undici 8 keep the original origin under a symbol. It has priority over a server name, which may
 * be left over from before a redirect.
 */
function requestedName (options: object): string | undefined {
  const asked = originBefore(options)
  return asked !== undefined && URL.canParse(asked)
    ? withoutRootDot(withoutBrackets(new URL(asked).hostname))
    : undefined
}

function withoutBrackets (hostname: string): string { return hostname.replace(/^\[|\]$/g, '') }

function replaceHost (origin: string, hostname: string): string {
  const url = new URL(origin)
  url.hostname = hostname
  return url.origin
}
