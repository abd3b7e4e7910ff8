import { parseArgs } from 'node:util'
import type { ParseArgsOptionsConfig } from 'node:util'
import { UsageError } from './usage-error.ts'
import { findNearest } from './nearest.ts'

export type Values = Readonly<Record<string, string | boolean | ReadonlyArray<string | boolean> | undefined>>

/** What a command takes beside its options. */
export interface Operands {
  /** As the help calls it. */
  readonly name: string
  readonly help: string
  readonly least: number
  readonly most: number
}

/** One command of `peerkit`. */
export interface Command {
  /** Words after `peerkit`. */
  readonly name: string
  /** One line for the list of commands. */
  readonly summary: string
  readonly options: Readonly<Record<string, { readonly type: 'string' | 'boolean', readonly multiple?: boolean, readonly help: string, readonly required?: boolean }>>
  /** Without it the command takes options alone. */
  readonly operands?: Operands
  /** What the exit codes mean, and examples: the end of its help. */
  readonly notes?: readonly string[]
  /** Resolves with the exit code. */
  run (values: Values, print: (text: string) => void, operands: readonly string[]): Promise<number>
}

export interface Arguments { readonly values: Values, readonly operands: readonly string[] }

/** What `parseArgs` gives. */
interface Parsed {
  readonly values: Values
  readonly positionals: readonly string[]
  readonly tokens: ReadonlyArray<{ readonly kind: string, readonly name?: string }>
}

/** Reads a command's arguments. @throws UsageError naming the argument, and the nearest option where one is misspelt */
export function readArguments (command: Command, args: readonly string[]): Arguments {
  const config = Object.fromEntries(Object.entries(command.options).map(([name, { type, multiple = false }]) => [name, { type, multiple }])) as ParseArgsOptionsConfig
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
    if (required && values[name] === undefined) throw new UsageError(`--${name} is missing; peerkit ${command.name} needs it`)
  }
  checkOperands(command, operands)
  return { values, operands }
}

/** `parseArgs` would take the last value, and nobody would hear of the others. A flag has no value to lose. */
function checkRepeated ({ name: command, options }: Command, tokens: Parsed['tokens']): void {
  for (const [name, { type, multiple = false }] of Object.entries(options)) {
    if (type === 'boolean' || multiple) continue
    const count = tokens.filter((token) => token.kind === 'option' && token.name === name).length
    if (count > 1) throw new UsageError(`found --${name} ${count} times; peerkit ${command} takes it once`)
  }
}

function checkOperands ({ name: command, operands: taken }: Command, found: readonly string[]): void {
  if (taken === undefined) return
  const { name, least, most, help } = taken
  if (found.length < least) throw new UsageError(`${name} is missing; peerkit ${command} needs it: ${help}`)
  if (found.length > most) throw new UsageError(`found ${found.length} times ${name} (${found.join(' ')}); peerkit ${command} takes ${most}`)
}

function explain ({ code, message }: NodeJS.ErrnoException, { name, options }: Command, args: readonly string[]): string {
  if (code !== 'ERR_PARSE_ARGS_UNKNOWN_OPTION') return message
  const unknown = args.find((arg) => arg.startsWith('-') && !Object.hasOwn(options, arg.replace(/^--?/, '').split('=')[0] ?? '')) ?? ''
  const word = unknown.replace(/^--?/, '').split('=')[0] ?? ''
  const near = findNearest(word, Object.keys(options))
  return `unknown option ${unknown}${near === undefined ? '' : ` (did you mean --${near}?)`}; peerkit ${name} takes ${Object.keys(options).map((known) => `--${known}`).join(' ')}`
}

export function textOf (values: Values, name: string): string | undefined {
  const value = values[name]
  return typeof value === 'string' ? value : undefined
}

export function textsOf (values: Values, name: string): string[] {
  const value = values[name]
  return Array.isArray(value) ? value.map(String) : []
}

/** @throws UsageError where it is no number above 0 */
export function daysOf (values: Values): number | undefined {
  const text = textOf(values, 'days')
  if (text === undefined) return undefined
  const days = Number(text)
  if (!(days > 0)) throw new UsageError(`--days is "${text}"; expected a number above 0`)
  return days
}

/** @throws UsageError where it is no date */
export function dateOf (values: Values, name: string): Date | undefined {
  const text = textOf(values, name)
  if (text === undefined) return undefined
  const date = new Date(text)
  if (Number.isNaN(date.getTime())) throw new UsageError(`--${name} is "${text}"; expected a date such as 2026-01-31T12:00:00Z`)
  return date
}
