import type { Command } from '../command.ts'
import { groupWords } from './completion.ts'

/** The completion script for fish. */
export function completeFish (commands: readonly Command[]): string {
  const groups = groupWords(commands)
  return [
    '# fish completion for peerkit',
    'complete -c peerkit -f',
    ...[...groups.keys()].map((word) => {
      return `complete -c peerkit -n __fish_use_subcommand -a ${word} -d ${describe(word, commands)}`
    }),
    'complete -c peerkit -n __fish_use_subcommand -s V -l version -d \'the version\'',
    'complete -c peerkit -s h -l help -d \'help\'',
    ...[...groups].flatMap(([word, seconds]) => seconds.map((second) => {
      const condition = `__fish_seen_subcommand_from ${word}; and not __fish_seen_subcommand_from ${seconds.join(' ')}`
      return `complete -c peerkit -n '${condition}' -a ${second} -d ${describe(`${word} ${second}`, commands)}`
    })),
    ...commands.flatMap(describeCommand),
    ''
  ].join('\n')
}

function describeCommand ({ name, options, operands }: Command): string[] {
  const condition = name.split(' ').map((word) => `__fish_seen_subcommand_from ${word}`).join('; and ')
  const start = `complete -c peerkit -n '${condition}'`
  const lines = Object.entries(options).map(([option, { type, help, values }]) => {
    const argument = type === 'boolean' ? '' : values === undefined ? ' -r -F' : ` -x -a '${values.join(' ')}'`
    return `${start} -l ${option}${argument} -d ${quote(help)}`
  })
  if (operands === undefined) return lines
  return [...lines, operands.values === undefined ? `${start} -F` : `${start} -a '${operands.values.join(' ')}'`]
}

function describe (name: string, commands: readonly Command[]): string {
  const own = commands.find((command) => command.name === name)
  const below = commands.filter((command) => command.name.startsWith(`${name} `))
  return quote(own?.summary ?? below.map((command) => command.name.slice(name.length + 1)).join(', '))
}

function quote (text: string): string {
  return `'${text.replace(/[\\']/g, '\\$&')}'`
}
