import { optionInvalid } from './errors.ts'

/** Refuses unknown options. The message names the most similar known option, or all of them. */
export function checkKnownOptions (options: unknown, known: readonly string[], where: string): void {
  if (options === null || typeof options !== 'object') {
    throw optionInvalid(`options of ${where} is ${String(options)}; expected an object`)
  }
  for (const key of Object.keys(options)) {
    if (known.includes(key)) continue
    const near = known.find((name) => distance(name.toLowerCase(), key.toLowerCase()) <= 2)
    const hint = near === undefined ? `expected one of ${known.join(', ')}` : `did you mean "${near}"?`
    throw optionInvalid(`unknown option "${key}" for ${where}; ${hint}`)
  }
}

/** Checks a number of milliseconds, bytes or entries. */
export function checkNumber (value: unknown, fallback: number, where: string, least: number = 0): number {
  if (value === undefined) return fallback
  if (typeof value !== 'number' || !Number.isFinite(value) || value < least) {
    throw optionInvalid(`${where} is ${String(value)}; expected a number of at least ${least}`)
  }
  return value
}

/** Checks an optional function. */
export function checkFunction (value: unknown, where: string): void {
  if (value !== undefined && typeof value !== 'function') {
    throw optionInvalid(`${where} is ${typeof value}; expected a function`)
  }
}

/** Levenshtein distance. */
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
