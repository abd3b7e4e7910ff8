import { MTLS_ERR_FORWARDED_OPTION } from './errors.ts'

/** @throws MTLS_ERR_FORWARDED_OPTION */
export function refuseOption (message: string): never {
  throw new MTLS_ERR_FORWARDED_OPTION(message)
}

export function show (value: unknown): string {
  return typeof value === 'string'
    ? JSON.stringify(value.slice(0, 80))
    : typeof value === 'object' && value !== null
      ? 'an object'
      : String(value)
}

/** Refuses what is none of the known words. */
export function checkChoice (value: unknown, known: readonly string[], key: string): void {
  if (value !== undefined && !known.includes(value as string)) {
    refuseOption(`${key} is ${show(value)}; expected ${known.map((word) => JSON.stringify(word)).join(' or ')}`)
  }
}

export function checkCount (value: unknown, key: string, least = 0): void {
  if (value !== undefined && !(Number.isSafeInteger(value) && (value as number) >= least)) {
    refuseOption(`${key} is ${show(value)}; expected a whole number from ${least}`)
  }
}

/** What to expect in place of a word: the known one that is nearly the same, or all of them. */
export function nearest (word: string, known: readonly string[]): string {
  const plain = (text: string): string => text.toLowerCase().replace(/[^a-z0-9]/g, '')
  const near = known.find(
    (one) =>
      plain(one) === plain(word) ||
      (word.length > 3 && (plain(one).startsWith(plain(word)) || plain(word).startsWith(plain(one))))
  )
  return near === undefined ? `; expected one of ${known.join(', ')}` : `; did you mean "${near}"?`
}
