import type { Command } from '../command.ts'
import type { CommandWords } from './command-words.ts'

/** The completion script for fish. */
export function completeFish ({ commands, groups, summarize }: CommandWords): string {
  return [
    '# fish completion for peerkit',
    'complete -c peerkit -f',
    ...[...groups.keys()].map((word) => {
      return `complete -c peerkit -n __fish_use_subcommand -a ${word} -d ${quote(summarize(word))}`
    }),
    'complete -c peerkit -n __fish_use_subcommand -s V -l version -d \'the version\'',
    'complete -c peerkit -s h -l help -d \'help\'',
    ...[...groups].flatMap(([word, seconds]) => seconds.map((second) => {
      const condition = `__fish_seen_subcommand_from ${word}; and not __fish_seen_subcommand_from ${seconds.join(' ')}`
      return `complete -c peerkit -n '${condition}' -a ${second} -d ${quote(summarize(`${word} ${second}`))}`
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

function quote (text: string): string {
  return `'${text.replace(/[\\']/g, '\\$&')}'`
}
