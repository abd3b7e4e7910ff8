import type { OptionType } from './options.ts'
import { describeSecret, describeUrl, describeValue, listWords } from './text.ts'
import { LONGEST_TIMER } from './timers.ts'

/** The longest time that is compared with a clock, in milliseconds: 100 years. */
export const LONGEST_SPAN: number = 36_525 * 86_400_000

/** Bounds of a number. */
interface Bounds {
  readonly least?: number
  readonly most?: number
}

/** A type of values that no other function here describes. */
export function valueOf (
  expected: string, accepts: (value: unknown) => boolean, found: (value: unknown) => string = describeValue
): OptionType {
  return { expected, accepts, found }
}

/** Any value: it is checked elsewhere, or passed on to code that checks it. */
export const anything: OptionType = valueOf('any value', () => true)

/** The same values, and the option must be given. */
export function required (type: OptionType): OptionType {
  return { ...type, isRequired: true }
}

/**
 * Milliseconds for a timer: above 0 and at most 2,147,483,647, or at least `least`. With `whole` no fractions, for code
 * of others that refuses them.
 */
export function duration (
  { least, most = LONGEST_TIMER, whole = false }: Bounds & { readonly whole?: boolean } = {}
): OptionType {
  const unit = whole ? 'a whole number of milliseconds' : 'milliseconds'
  const bounds = least === undefined ? `above 0 and at most ${group(most)}` : `from ${group(least)} to ${group(most)}`
  return valueOf(`${unit} ${bounds}`, (value) => isNumber(value) && (!whole || Number.isInteger(value)) &&
    (least === undefined ? value > 0 : value >= least) && value <= most)
}

/** Milliseconds that are compared with a clock and never given to a timer as a whole: at most 100 years. */
export function span (least?: number): OptionType {
  return duration({ ...(least !== undefined && { least }), most: LONGEST_SPAN })
}

/** A whole number. `least` is 0 by default. */
export function count ({ least = 0, most = Number.MAX_SAFE_INTEGER }: Bounds = {}): OptionType {
  return valueOf(
    `a whole number ${describeBounds(least, most)}`,
    (value) => Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most
  )
}

/** A number, fractions too, within bounds. */
export function number ({ least = 0, most = Number.MAX_SAFE_INTEGER }: Bounds = {}): OptionType {
  return valueOf(
    `a number ${describeBounds(least, most)}`, (value) => isNumber(value) && value >= least && value <= most
  )
}

/** One of some words, numbers and booleans. */
export function choice (...allowed: ReadonlyArray<string | number | boolean>): OptionType {
  const expected = listWords(allowed.map((one) => JSON.stringify(one)), 'or')
  return valueOf(expected, (value) => allowed.includes(value as string))
}

/** `true` or `false`. */
export const flag: OptionType = choice(true, false)

/** A string. `expected` says more, such as `a path`. An empty string is refused unless `canBeEmpty`. */
export function text (expected = 'a string', canBeEmpty = false): OptionType {
  return valueOf(expected, (value) => typeof value === 'string' && (canBeEmpty || value !== ''))
}

/** A function. `expected` says more, such as what it returns. */
export function func (expected = 'a function'): OptionType {
  return valueOf(expected, (value) => typeof value === 'function')
}

/** A function that returns the time. */
export const clock: OptionType = func('a function that returns milliseconds since the epoch')

/** An object with methods. `expected` names it, such as `a revocation checker`. */
export function methods (names: readonly string[], expected?: string): OptionType {
  const list = names.map((name) => `${name}()`)
  const missing = (value: unknown): number =>
    names.findIndex((name) => typeof (value as Record<string, unknown> | null)?.[name] !== 'function')
  const shape = `an object with ${listWords(list)}`
  return valueOf(expected === undefined ? shape : `${expected}, ${shape}`, (value) => missing(value) === -1,
    (value) => describeLack(value, list[missing(value)] as string))
}

/**
 * A list.
 *
 * @param items names what is in it, such as `strings`, or `at least one string` with `least` 1
 * @param item what each item must be. `undefined` and holes are refused
 */
export function list (items: string, item: OptionType, least: 0 | 1 = 0): OptionType {
  return { ...valueOf(`a list of ${items}`, (value) => Array.isArray(value) && value.length >= least), item }
}

/** A string or bytes that may be a secret: errors show only its type and length. */
export function secret (
  expected = 'a string or Buffer',
  accepts: (value: unknown) => boolean = (value) => typeof value === 'string' || value instanceof Uint8Array
): OptionType {
  return valueOf(expected, accepts, describeSecret)
}

/** A URL. Errors show it without user, password and query. */
export function url (expected: string, accepts: (parsed: URL) => boolean): OptionType {
  return valueOf(
    expected,
    (value) => typeof value === 'string' && URL.canParse(value) && accepts(new URL(value)),
    describeUrl
  )
}

function describeBounds (least: number, most: number): string {
  return most === Number.MAX_SAFE_INTEGER ? `of at least ${group(least)}` : `from ${group(least)} to ${group(most)}`
}

/** Groups digits: 10,000. Not toLocaleString, which loads ICU when a package is imported. */
function group (number: number): string {
  return String(number).replace(/\B(?=(\d{3})+$)/g, ',')
}

/** An object that lacks a method or property, or what else the value is. */
export function describeLack (value: unknown, lacking: string): string {
  const found = describeValue(value)
  return found === 'an object' ? `${found} without ${lacking}` : found
}

function isNumber (value: unknown): value is number {
  return typeof value === 'number'
}
