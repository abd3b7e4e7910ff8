import type { Dispatcher } from 'undici'
import { MTLS_ERR_OUTBOUND_OPTION } from './errors.ts'

/** Options of a request whose URL is given apart. */
export type WithoutUrl<O> = Omit<O, 'origin' | 'path' | 'method'> & Partial<Pick<Dispatcher.RequestOptions, 'method'>>

/**
 * The arguments of a method of undici's Dispatcher, from those that undici's functions take: a URL and options. Without
 * a method it is PUT if there is a body and GET otherwise, as with undici's functions.
 *
 * @throws MTLS_ERR_OUTBOUND_OPTION if the URL cannot be parsed, or options say another origin or path
 */
export function splitUrl (args: readonly unknown[]): any[] {
  const [url, options, ...others] = args
  if (typeof url !== 'string' && !(url instanceof URL)) return [...args]
  if (!URL.canParse(String(url))) {
    throw new MTLS_ERR_OUTBOUND_OPTION(
      `url is ${JSON.stringify(String(url))}; expected an absolute URL such as https://ledger.internal:8443/accounts`
    )
  }
  const { origin, pathname, search } = new URL(String(url))
  const [given, rest] = typeof options === 'object' && options !== null ? [options, others] : [{}, args.slice(1)]
  const { method, body } = given as Partial<Dispatcher.RequestOptions>
  for (const key of ['origin', 'path']) {
    if (key in given) throw new MTLS_ERR_OUTBOUND_OPTION(`${key} is given beside a URL; expected it only in the URL`)
  }
  const isBare = body === undefined || body === null
  return [{ ...given, origin, path: `${pathname}${search}`, method: method ?? (isBare ? 'GET' : 'PUT') }, ...rest]
}
