import { readFileSync } from 'node:fs'
import { findNearest } from '@peerkit/identity/internal'
import { caInit, caIntermediate } from './ca/create-ca.ts'
import { certIssue } from './ca/issue.ts'
import { certRevoke, crl } from './ca/revoke.ts'
import { readArguments, UsageError } from './command.ts'
import type { Command } from './command.ts'
import { completionOf } from './completion/completion.ts'
import { expiry } from './expiry.ts'
import { explain } from './explain/explain.ts'
import { forecast } from './forecast/forecast.ts'
import { initBy } from './init/init.ts'
import { inspect } from './inspect/inspect.ts'
import { migrate } from './migrate/migrate.ts'
import { shownJson } from './output.ts'
import { probe } from './probe/probe.ts'
import { rulesLint } from './rules/lint.ts'
import { rulesTest } from './rules/test.ts'
import { spiffe } from './spiffe/spiffe.ts'
import { trustCheck } from './trust/trust-check.ts'

const COMMANDS: Command[] = [
  initBy([caInit, certIssue, crl], readVersion),
  caInit,
  caIntermediate,
  certIssue,
  certRevoke,
  crl,
  explain,
  rulesLint,
  rulesTest,
  trustCheck,
  inspect,
  probe,
  expiry,
  forecast,
  migrate,
  spiffe
]
COMMANDS.push(completionOf(COMMANDS))

const HELP = ['--help', '-h']
const VERSION = ['--version', '-V', '-v']

/** Where the command writes. */
export interface Output {
  /** Receives the text for standard output. */
  out (text: string): void
  /** Receives the text for standard error. */
  err (text: string): void
}

/**
 * Runs the command `peerkit` in this process.
 *
 * @param args the arguments after `peerkit`; a file `-` is the standard input of this process
 * @param output receives the text for standard output and standard error
 * @returns the exit code: 0 done or allowed; 1 refused, failed or not allowed; 2 a wrong command line or file
 * @example
 * ```ts
 * const exitCode = await runPeerkit(['inspect', 'alice.pem', '--json'], {
 *   out: (text) => { console.log(JSON.parse(text).certificates.length) },
 *   err: (text) => { console.error(text) }
 * })
 * console.log(exitCode) // 0
 * ```
 */
export async function runPeerkit (args: readonly string[], output: Output): Promise<number> {
  const [first = 'help', ...others] = args
  const words = first === 'help' ? others : args
  const command = COMMANDS.find(({ name }) => name.split(' ').every((word, index) => words[index] === word))
  if (command === undefined) return runWithoutCommand(args, output)
  const rest = words.slice(command.name.split(' ').length)
  if (first !== 'help' && !asksForHelp(rest)) return await runCommand(command, rest, output)
  output.out(describeCommand(command))
  return 0
}

/** `peerkit`, its version or help, and the help of a group such as `peerkit cert --help`. */
function runWithoutCommand (args: readonly string[], { out, err }: Output): number {
  const [first = 'help', ...rest] = args
  if (VERSION.includes(first) && (rest.length === 0 || rest[0] === '--json')) {
    const version = readVersion()
    out(rest.length === 0 ? `${version}\n` : shownJson({ version, node: process.versions.node }))
    return 0
  }
  const group = COMMANDS.filter(({ name }) => name.startsWith(`${first} `))
  if (group.length > 0 && rest.length === 1 && HELP.includes(rest[0] ?? '')) {
    out(listCommands(group))
    return 0
  }
  const asked = HELP.includes(first) || (first === 'help' && rest.length === 0)
  if (!asked) err(`peerkit: ${describeUnknown(args, COMMANDS)}\n`)
  const write = asked ? out : err
  write(listCommands(COMMANDS))
  return asked ? 0 : 2
}

/** What follows `--` is no option. */
function asksForHelp (rest: readonly string[]): boolean {
  const end = rest.indexOf('--')
  return rest.slice(0, end === -1 ? rest.length : end).some((arg) => HELP.includes(arg))
}

async function runCommand (command: Command, rest: readonly string[], { out, err }: Output): Promise<number> {
  try {
    const { values, operands } = readArguments(command, rest)
    return await command.run(values, out, operands)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    err(`peerkit ${command.name}: ${message}\n`)
    // An error that does not come from the suite is a bug, so the stack is printed.
    if (!(error instanceof UsageError) && code?.startsWith('MTLS_ERR_') !== true) {
      err(`${(error as Error).stack ?? ''}\n`)
    }
    const exitCode = error instanceof UsageError || code === 'MTLS_ERR_DEV_CA_OPTION' ? 2 : 1
    if (rest.includes('--json')) out(shownJson({ error: { code, message, exitCode } }))
    return exitCode
  }
}

/** The help of `peerkit`, or of a group of its commands. */
function listCommands (commands: readonly Command[]): string {
  return [
    'usage: peerkit COMMAND [OPTIONS]',
    '',
    ...commands.map(({ name, summary }) => `  ${name.padEnd(16)} ${summary}`),
    '',
    '-h, --help       after a command: its options and exit codes',
    '-V, --version    the version of peerkit',
    '',
    'Exit code: 0 done or allowed; 1 refused, failed or not allowed; 2 a wrong command line or file.',
    'A file "-" is standard input. With --json, results and errors are JSON on standard output.',
    ''
  ].join('\n')
}

/** The help of a command. */
export function describeCommand ({ name, summary, options, operands, notes = [] }: Command): string {
  const rows = [
    ...(operands === undefined ? [] : [[operands.name, operands.help] as const]),
    ...Object.entries(options).map(([option, { type, help, required = false }]) => [type === 'string'
      ? `--${option} VALUE`
      : `--${option}`, `${help}${required ? ' (required)' : ''}`] as const),
    ['-h, --help', 'this text'] as const
  ]
  const width = Math.max(...rows.map(([left]) => left.length))
  return [
    `peerkit ${name}: ${summary}`,
    '',
    ...rows.map(([left, help]) => `  ${left.padEnd(width)}  ${help}`),
    ...(notes.length === 0 ? [] : ['', ...notes]),
    ''
  ].join('\n')
}

/** Why the arguments name no command, and the nearest one. */
function describeUnknown (args: readonly string[], commands: readonly Command[]): string {
  const words = args.slice(0, args.findIndex((arg) => arg.startsWith('-')) >>> 0)
  const group = commands.filter(({ name }) => name.startsWith(`${words[0] ?? ''} `)).map(({ name }) => name)
  if (words.length === 0) return `unknown option ${args[0] ?? ''}; expected a command, --help or --version`
  if (words.length === 1 && group.length > 0) return `found "${words[0]}"; expected ${group.join(' or ')}`
  const names = commands.map(({ name }) => name)
  const near = findNearest(words.slice(0, 2).join(' '), names) ?? findNearest(words[0] ?? '', names)
  return `unknown command "${words.join(' ')}"${near === undefined ? '' : `; did you mean "${near}"?`}`
}

/** The version of this package. */
function readVersion (): string {
  const manifest = readFileSync(new URL('../package.json', import.meta.url), 'utf8')
  const { version } = JSON.parse(manifest) as { version: string }
  return version
}
