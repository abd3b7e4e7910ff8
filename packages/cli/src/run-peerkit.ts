import { findNearest } from '@peerkit/identity/internal'
import { caInit } from './ca-init.ts'
import { caIntermediate } from './ca-intermediate.ts'
import { certIssue } from './cert-issue.ts'
import { certRevoke } from './cert-revoke.ts'
import { readArguments } from './command.ts'
import type { Command } from './command.ts'
import { crl } from './crl.ts'
import { expiry } from './expiry.ts'
import { explain } from './explain.ts'
import { forecast } from './forecast.ts'
import { inspect } from './inspect.ts'
import { probe } from './probe.ts'
import { trustCheck } from './trust-check.ts'
import { UsageError } from './usage-error.ts'

const COMMANDS: readonly Command[] = [
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
 * @param args the arguments after `peerkit`
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
export async function runPeerkit (args: readonly string[], { out, err }: Output): Promise<number> {
  const command = COMMANDS.find(({ name }) => name.split(' ').every((word, index) => args[index] === word))
  if (command === undefined) {
    const asked = args.length === 0 || args[0] === '--help' || args[0] === 'help'
    const write = asked ? out : err
    if (!asked) err(`peerkit: ${describeUnknown(args)}\n`)
    write(listCommands())
    return asked ? 0 : 2
  }
  const rest = args.slice(command.name.split(' ').length)
  if (rest.includes('--help')) {
    out(describeCommand(command))
    return 0
  }
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
    return error instanceof UsageError || code === 'MTLS_ERR_DEV_CA_OPTION' ? 2 : 1
  }
}

function describeUnknown (args: readonly string[]): string {
  const words = args.slice(0, args.findIndex((arg) => arg.startsWith('-')) >>> 0)
  const names = COMMANDS.map(({ name }) => name)
  const near = findNearest(words.slice(0, 2).join(' '), names) ?? findNearest(words[0] ?? '', names)
  return `unknown command "${words.join(' ')}"${near === undefined ? '' : `; did you mean "${near}"?`}`
}

function listCommands (): string {
  return [
    'usage: peerkit COMMAND [OPTIONS]',
    '',
    ...COMMANDS.map(({ name, summary }) => `  ${name.padEnd(16)} ${summary}`),
    '',
    'peerkit COMMAND --help lists its options.',
    ''
  ].join('\n')
}

function describeCommand ({ name, summary, options, operands, notes = [] }: Command): string {
  const rows = [
    ...(operands === undefined ? [] : [[operands.name, operands.help] as const]),
    ...Object.entries(options).map(([option, { type, help, required = false }]) => [type === 'string'
      ? `--${option} VALUE`
      : `--${option}`, `${help}${required ? ' (required)' : ''}`] as const)
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
