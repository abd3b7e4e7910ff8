import { caInit } from './ca-init.ts'
import { caIntermediate } from './ca-intermediate.ts'
import { certIssue } from './cert-issue.ts'
import { certRevoke } from './cert-revoke.ts'
import { readArguments } from './command.ts'
import type { Command } from './command.ts'
import { completionOf } from './completion/completion.ts'
import { crl } from './crl.ts'
import { expiry } from './expiry.ts'
import { explain } from './explain.ts'
import { forecast } from './forecast.ts'
import { describeCommand, describeUnknown, listCommands } from './help.ts'
import { inspect } from './inspect.ts'
import { probe } from './probe.ts'
import { shownJson } from './shown.ts'
import { trustCheck } from './trust-check.ts'
import { UsageError } from './usage-error.ts'
import { readVersion } from './version.ts'

const COMMANDS: Command[] = [
  caInit,
  caIntermediate,
  certIssue,
  certRevoke,
  crl,
  explain,
  trustCheck,
  inspect,
  probe,
  expiry,
  forecast
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
