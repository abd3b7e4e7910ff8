import { checkOption, describeSecret, required, valueOf } from '@peerkit/identity/internal'
import type { OptionType } from '@peerkit/identity/internal'
import { MTLS_ERR_SERVICES_OPTION } from './errors.ts'

const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null && !Array.isArray(value)
const CALL = required(valueOf("an object such as { path: '/entries' }", isObject))
const OBJECT = valueOf('an object', isObject)
// They may contain a password or a token.
const HEADERS = valueOf(
  "headers such as { accept: 'text/plain' }", (value) => typeof value === 'object', describeSecret
)
const REQUEST = required(valueOf('the incoming Fastify request', isRequest))

/** @throws MTLS_ERR_SERVICES_OPTION if `request()` has no options, or wrong headers */
export function checkCall (name: string, options: unknown): void {
  check(options, CALL, name, 'request')
}

/** @throws MTLS_ERR_SERVICES_OPTION if the second argument of `fetch()` is no object, or its headers are wrong */
export function checkInit (name: string, init: unknown): void {
  check(init, OBJECT, name, 'fetch')
}

/** @throws MTLS_ERR_SERVICES_OPTION if the options of `ready()` are no object */
export function checkReady (name: string, options: unknown): void {
  check(options, OBJECT, name, 'ready')
}

/** @throws MTLS_ERR_SERVICES_OPTION if `for()` was not given a request */
export function checkIncoming (name: string, request: unknown): void {
  checkOption(request, REQUEST, `services.${name}.for: request`, MTLS_ERR_SERVICES_OPTION)
}

function check (options: unknown, type: OptionType, name: string, method: string): void {
  const where = `services.${name}.${method}`
  checkOption(options, type, `${where}: the argument`, MTLS_ERR_SERVICES_OPTION)
  const { headers } = Object(options) as { readonly headers?: unknown }
  checkOption(headers, HEADERS, `${where}: headers`, MTLS_ERR_SERVICES_OPTION)
}

function isRequest (value: unknown): boolean {
  return isObject(value) && isObject((value as { readonly headers?: unknown }).headers) && 'id' in (value as object)
}
