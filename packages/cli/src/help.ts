import type { Command } from './command.ts'
import { findNearest } from '@peerkit/identity/internal'

/** The help of `peerkit`, or of a group of its commands. */
export function listCommands (commands: readonly Command[]): string {
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
export function describeUnknown (args: readonly string[], commands: readonly Command[]): string {
  const words = args.slice(0, args.findIndex((arg) => arg.startsWith('-')) >>> 0)
  const group = commands.filter(({ name }) => name.startsWith(`${words[0] ?? ''} `)).map(({ name }) => name)
  if (words.length === 0) return `unknown option ${args[0] ?? ''}; expected a command, --help or --version`
  if (words.length === 1 && group.length > 0) return `found "${words[0]}"; expected ${group.join(' or ')}`
  const names = commands.map(({ name }) => name)
  const near = findNearest(words.slice(0, 2).join(' '), names) ?? findNearest(words[0] ?? '', names)
  return `unknown command "${words.join(' ')}"${near === undefined ? '' : `; did you mean "${near}"?`}`
}
