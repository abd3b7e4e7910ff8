import { optionInvalid } from './errors.ts'

/** Refuses options that are not known, with the known one that comes nearest. */
export function checkKnownOptions (options: unknown, known: readonly string[], where: string): void {
  if (options === null || typeof options !== 'object') {
    throw optionInvalid(`${where} is given ${String(options)}, expected an object`)
  }
  for (const key of Object.keys(options)) {
    if (known.includes(key)) continue
    const near = known.find((name) => distance(name.toLowerCase(), key.toLowerCase()) <= 2)
    throw optionInvalid(
      `${where} has no option "${key}"${near === undefined ? `, expected one of ${known.join(', ')}` : `, did you mean "${near}"?`}`
    )
  }
}

/** A number of milliseconds, octets or entries. */
export function checkNumber (value: unknown, fallback: number, where: string, least: number = 0): number {
  if (value === undefined) return fallback
  if (typeof value !== 'number' || !Number.isFinite(value) || value < least) {
    throw optionInvalid(`${where} is ${String(value)}, expected a number of at least ${least}`)
  }
  return value
}

/** A function that is left out or given. */
export function checkFunction (value: unknown, where: string): void {
  if (value !== undefined && typeof value !== 'function') {
    throw optionInvalid(`${where} is ${typeof value}, expected a function`)
  }
}

/** Levenshtein's distance, given up beyond what a typing slip is. */
function distance (one: string, other: string): number {
  let previous = Array.from({ length: other.length + 1 }, (_, i) => i)
  for (let i = 1; i <= one.length; i++) {
    const row = [i]
    for (let j = 1; j <= other.length; j++) {
      row.push(Math.min(row[j - 1]! + 1, previous[j]! + 1, previous[j - 1]! + (one[i - 1] === other[j - 1] ? 0 : 1)))
    }
    previous = row
  }
  return previous[other.length]!
}
