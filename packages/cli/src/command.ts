import { parseArgs } from 'node:util'
import type { ParseArgsOptionsConfig } from 'node:util'
import { findNearest } from '@peerkit/identity/internal'

/** The command line is wrong, or one of its files cannot be used. Exit code 2. */
export class UsageError extends Error {
  constructor (problem: string, options?: ErrorOptions) {
    super(`Invalid option: ${problem}`, options)
  }
}

const UNITS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 }

/** The values of options, by name. */
export type Values = Readonly<Record<string, string | boolean | ReadonlyArray<string | boolean> | undefined>>

/** The arguments of a command that are not options. */
export interface Operands {
  /** The name in the help. */
  readonly name: string
  readonly help: string
  readonly least: number
  readonly most: number
  /** All values, for completion. Undefined: completion offers files. */
  readonly values?: readonly string[]
}

/** One command of `peerkit`. */
export interface Command {
  /** The words after `peerkit`. */
  readonly name: string
  /** One line for the list of commands. */
  readonly summary: string
  readonly options: Readonly<Record<string, {
    readonly type: 'string' | 'boolean'
    readonly multiple?: boolean
    readonly help: string
    /** All values, for completion. Undefined: any text; completion offers files. */
    readonly values?: readonly string[]
    readonly required?: boolean
  }>>
  /** Undefined: the command has only options. */
  readonly operands?: Operands
  /** The end of the help: exit codes and examples. */
  readonly notes?: readonly string[]
  /** Resolves with the exit code. */
  run (values: Values, print: (text: string) => void, operands: readonly string[]): Promise<number>
}

export interface Arguments { readonly values: Values, readonly operands: readonly string[] }

/** The result of `parseArgs`. */
interface Parsed {
  readonly values: Values
  readonly positionals: readonly string[]
  readonly tokens: ReadonlyArray<{ readonly kind: string, readonly name?: string }>
}

/** Reads the arguments of a command. @throws UsageError with the argument, and the nearest option if one is misspelt */
export function readArguments (command: Command, args: readonly string[]): Arguments {
  const config = Object.fromEntries(Object.entries(command.options).map(([name, { type, multiple = false }]) => [
    name,
    { type, multiple }
  ])) as ParseArgsOptionsConfig
  const allowPositionals = command.operands !== undefined
  let parsed: Parsed
  try {
    parsed = parseArgs({ args: [...args], options: config, strict: true, allowPositionals, tokens: true }) as Parsed
  } catch (error) {
    throw new UsageError(explain(error as NodeJS.ErrnoException, command, args))
  }
  const { values, positionals: operands, tokens } = parsed
  checkRepeated(command, tokens)
  for (const [name, { required = false }] of Object.entries(command.options)) {
    if (required && values[name] === undefined) {
      throw new UsageError(`--${name} is missing; peerkit ${command.name} requires it`)
    }
  }
  checkOperands(command, operands)
  return { values, operands }
}

/** `parseArgs` would silently use the last value. A flag has no value, so it may be repeated. */
function checkRepeated ({ name: command, options }: Command, tokens: Parsed['tokens']): void {
  for (const [name, { type, multiple = false }] of Object.entries(options)) {
    if (type === 'boolean' || multiple) continue
    const count = tokens.filter((token) => token.kind === 'option' && token.name === name).length
    if (count > 1) throw new UsageError(`found --${name} ${count} times; peerkit ${command} accepts it once`)
  }
}

function checkOperands ({ name: command, operands: taken }: Command, found: readonly string[]): void {
  if (taken === undefined) return
  const { name, least, most, help } = taken
  if (found.length < least) throw new UsageError(`${name} is missing; peerkit ${command} requires it: ${help}`)
  if (found.length > most) {
    throw new UsageError(`found ${found.length} times ${name} (${found.join(' ')}); peerkit ${command} accepts ${most}`)
  }
}

function explain (
  { code, message }: NodeJS.ErrnoException,
  { name, options }: Command,
  args: readonly string[]
): string {
  if (code !== 'ERR_PARSE_ARGS_UNKNOWN_OPTION') return message
  const unknown = args.find((arg) => arg.startsWith('-') &&
    !Object.hasOwn(options, arg.replace(/^--?/, '').split('=')[0] ?? '')) ?? ''
  const word = unknown.replace(/^--?/, '').split('=')[0] ?? ''
  const near = findNearest(word, Object.keys(options))
  return near === undefined
    ? `unknown option ${unknown} for peerkit ${name}; expected one of ` +
      `${Object.keys(options).map((known) => `--${known}`).join(' ')}`
    : `unknown option ${unknown} for peerkit ${name}; did you mean --${near}?`
}

export function textOf (values: Values, name: string): string | undefined {
  const value = values[name]
  return typeof value === 'string' ? value : undefined
}

export function textsOf (values: Values, name: string): string[] {
  const value = values[name]
  return Array.isArray(value) ? value.map(String) : []
}

/** @throws UsageError if it is not a number greater than 0 */
export function daysOf (values: Values): number | undefined {
  const text = textOf(values, 'days')
  if (text === undefined) return undefined
  const days = Number(text)
  if (!(days > 0)) throw new UsageError(`--days is "${text}"; expected a number greater than 0`)
  return days
}

/** @throws UsageError if it is not a date */
export function dateOf (values: Values, name: string): Date | undefined {
  const text = textOf(values, name)
  if (text === undefined) return undefined
  const date = new Date(text)
  if (Number.isNaN(date.getTime())) {
    throw new UsageError(`--${name} is "${text}"; expected a date such as 2026-01-31T12:00:00Z`)
  }
  return date
}

/** Parses `90s`, `30m`, `12h`, `7d` or `2w` to milliseconds. @throws UsageError with the option */
export function readDuration (text: string, option: string): number {
  const [, number = '', unit = ''] = /^(\d{1,6}(?:\.\d{1,3})?)([smhdw])$/.exec(text) ?? []
  const duration = Number(number) * (UNITS[unit] ?? NaN)
  if (!(duration > 0)) {
    throw new UsageError(`--${option} is ${JSON.stringify(text)}; expected a duration such as 90s, 30m, 12h, 7d or 2w`)
  }
  return duration
}
