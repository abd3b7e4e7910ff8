import { isIP } from 'node:net'
import { UsageError } from './usage-error.ts'

/** The address of a server. */
export interface Target {
  /** A host name or an IP address, without brackets. */
  readonly host: string
  readonly port: number
  /** `host:port`, an IPv6 address in brackets. */
  readonly authority: string
  /** The path of the request. */
  readonly path: string
}

/** Parses `https://host[:port][/path]`, `host:port` or `[address]:port`. Undefined for anything else. */
export function readTarget (text: string): Target | undefined {
  const isUrl = /^https:\/\//i.test(text)
  if (!isUrl && !/^([^\s/?#@[\]:]+|\[[0-9a-f:.]+\]):\d{1,5}$/i.test(text)) return undefined
  let url: URL
  try {
    url = new URL(isUrl ? text : `https://${text}`)
  } catch {
    return undefined
  }
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const port = url.port === '' ? 443 : Number(url.port)
  if (host === '' || port === 0 || url.username !== '' || url.password !== '') return undefined
  return {
    host,
    port,
    authority: isIP(host) === 6
      ? `[${host}]:${port}`
      : `${host}:${port}`,
    path: `${url.pathname}${url.search}`
  }
}

/** @throws UsageError */
export function requireTarget (text: string): Target {
  const target = readTarget(text)
  if (target === undefined) {
    throw new UsageError(`found ${JSON.stringify(text)}; expected https://host[:port][/path] or host:port`)
  }
  return target
}
