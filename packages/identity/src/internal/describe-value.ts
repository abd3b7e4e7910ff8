/** The longest text that an error quotes. A longer one may be a key, given to the wrong option. */
const LONGEST = 40
const LONGEST_URL = 200
const PEM = '-----BEGIN'

/** A value as an error message shows it. Not for secrets: short texts are shown. */
export function describeValue (value: unknown): string {
  if (typeof value === 'string') {
    return value.length > LONGEST && !value.includes(PEM) ? `a text of ${value.length} characters` : describeText(value)
  }
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : describeType(value)
}

/** The type of a value that may be a secret, with its length, but never the value. */
export function describeSecret (value: unknown): string {
  return typeof value === 'string' ? `a string of ${value.length} characters` : describeType(value)
}

/** A URL without its user, password and query, which may be secrets. */
export function describeUrl (value: unknown): string {
  if (typeof value !== 'string') return describeValue(value)
  const [, scheme = '', rest = ''] = /^([a-z][a-z0-9+.-]*:\/\/)?([^]*)$/i.exec(value) as RegExpExecArray
  const shown = scheme + rest.replace(/^[^]*@/, '…@').replace(/\?[^]*$/, '?…')
  return shown.length > LONGEST_URL ? `a text of ${value.length} characters` : describeText(shown)
}

function describeText (value: string): string {
  if (value === '') return 'an empty string'
  // It may be a private key in the wrong place.
  return value.includes(PEM) ? 'PEM text' : JSON.stringify(value)
}

function describeType (value: unknown): string {
  if (value === undefined) return 'missing'
  if (value === null) return 'null'
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list'
  if (typeof value === 'function') return 'a function'
  if (typeof value !== 'object') return typeof value === 'bigint' ? `${value}n` : `a ${typeof value}`
  if (value instanceof Uint8Array) return `${value.length} bytes`
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'an invalid Date' : 'a Date'
  if (isThenable(value)) return 'a Promise (await it)'
  return 'an object'
}

function isThenable (value: object): boolean {
  return typeof (value as { readonly then?: unknown }).then === 'function'
}
