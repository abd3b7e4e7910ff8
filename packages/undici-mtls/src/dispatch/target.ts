import { isIP } from 'node:net'
import { LRUCache } from 'lru-cache'
import type { Dispatcher } from 'undici'
import { withoutBrackets, withoutRootDot } from '../connect/host-name.ts'
import { OutboundOptionError } from '../errors.ts'
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

function replaceHost (origin: string, hostname: string): string {
  const url = new URL(origin)
  url.hostname = hostname
  return url.origin
}

/** Options of a request whose URL is given apart. */
export type WithoutUrl<O> = Omit<O, 'origin' | 'path' | 'method'> & Partial<Pick<Dispatcher.RequestOptions, 'method'>>

/**
 * The arguments of a method of undici's Dispatcher, from those that undici's functions take: a URL and options. Without
 * a method it is PUT if there is a body and GET otherwise, as with undici's functions.
 *
 * @throws OutboundOptionError if the URL cannot be parsed, or options say another origin or path
 */
export function splitUrl (args: readonly unknown[]): any[] {
  const [url, options, ...others] = args
  if (typeof url !== 'string' && !(url instanceof URL)) return [...args]
  if (!URL.canParse(String(url))) {
    throw new OutboundOptionError(
      `url is ${JSON.stringify(String(url))}; expected an absolute URL such as https://ledger.internal:8443/accounts`
    )
  }
  const { origin, pathname, search } = new URL(String(url))
  const [given, rest] = typeof options === 'object' && options !== null ? [options, others] : [{}, args.slice(1)]
  const { method, body } = given as Partial<Dispatcher.RequestOptions>
  for (const key of ['origin', 'path']) {
    if (key in given) throw new OutboundOptionError(`${key} is given beside a URL; expected it only in the URL`)
  }
  const isBare = body === undefined || body === null
  return [{ ...given, origin, path: `${pathname}${search}`, method: method ?? (isBare ? 'GET' : 'PUT') }, ...rest]
}
