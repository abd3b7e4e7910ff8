import { FormData as OwnFormData, Request as OwnRequest } from 'undici'
import type { BodyInit, RequestInfo, RequestInit } from 'undici'

/**
 * Takes what the built-in `fetch` takes. Node's own `Request` and `FormData` are other classes than those of the undici
 * that this package imports, and undici would read them as text: `[object Request]`.
 */
export function adoptRequest (
  input: RequestInfo, init: RequestInit | undefined
): [RequestInfo, RequestInit | undefined] {
  const foreign = isForeignRequest(input) ? input : undefined
  const own = foreign === undefined ? input : toOwnRequest(foreign)
  if (init?.body === undefined || !isForeignFormData(init.body)) return [own, init]
  return [own, { ...init, body: toOwnFormData(init.body) as unknown as BodyInit }]
}

function isForeignRequest (input: RequestInfo): input is OwnRequest {
  return input instanceof globalThis.Request && !(input instanceof OwnRequest)
}

function toOwnRequest (input: OwnRequest): OwnRequest {
  if (input.bodyUsed) throw new TypeError('The body of the Request was already used')
  const { url, method, headers, body, redirect, signal, integrity, keepalive, referrer, referrerPolicy } = input
  return new OwnRequest(url, {
    method,
    headers: [...headers],
    redirect,
    signal,
    integrity,
    keepalive,
    referrer,
    referrerPolicy,
    ...(body !== null && { body, duplex: 'half' })
  })
}

function isForeignFormData (body: unknown): body is FormData {
  return body instanceof globalThis.FormData && !(body instanceof OwnFormData)
}

function toOwnFormData (body: FormData): OwnFormData {
  const own = new OwnFormData()
  for (const [name, value] of body) {
    if (typeof value === 'string') own.append(name, value)
    else own.append(name, value, value.name)
  }
  return own
}
