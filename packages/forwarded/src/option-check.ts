import { MTLS_ERR_FORWARDED_OPTION } from './errors.ts'

/** @throws MTLS_ERR_FORWARDED_OPTION */
export function refuseOption (message: string): never {
  throw new MTLS_ERR_FORWARDED_OPTION(message)
}

/** A value as an error message shows it. */
export function show (value: unknown): string {
  return typeof value === 'string'
    ? JSON.stringify(value.slice(0, 80))
    : typeof value === 'object' && value !== null
      ? Array.isArray(value) ? 'an array' : 'an object'
      : String(value)
}

/** Refuses a value that is not one of the known words. @throws MTLS_ERR_FORWARDED_OPTION */
export function checkChoice (value: unknown, known: readonly string[], key: string): void {
  if (value !== undefined && !known.includes(value as string)) {
    refuseOption(`${key} is ${show(value)}; expected ${known.map((word) => JSON.stringify(word)).join(' or ')}`)
  }
}

/** @throws MTLS_ERR_FORWARDED_OPTION */
export function checkCount (value: unknown, key: string, least = 0): void {
  if (value !== undefined && !(Number.isSafeInteger(value) && (value as number) >= least)) {
    refuseOption(`${key} is ${show(value)}; expected an integer of at least ${least}`)
  }
}

/** The end of a message about an unknown word: the most similar known word, or all known words. */
export function nearest (word: string, known: readonly string[]): string {
  const plain = (text: string): string => text.toLowerCase().replace(/[^a-z0-9]/g, '')
  const near = known.find(
    (one) =>
      plain(one) === plain(word) ||
      (word.length > 3 && (plain(one).startsWith(plain(word)) || plain(word).startsWith(plain(one))))
  )
  return near === undefined ? `; expected one of ${known.join(', ')}` : `; did you mean "${near}"?`
}
