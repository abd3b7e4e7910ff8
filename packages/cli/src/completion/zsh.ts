import type { Command } from '../command.ts'
import type { CommandWords } from './command-words.ts'

/** The completion script for zsh: a function file for `fpath`, or to be sourced. */
export function completeZsh ({ commands, groups: words, summarize }: CommandWords): string {
  const groups = [...words].filter(([, seconds]) => seconds.length > 0)
  const find = (name: string): Command => commands.find((command) => command.name === name) as Command
  return `#compdef peerkit
# zsh completion for peerkit
_peerkit() {
  if (( CURRENT == 2 )); then
    local -a first
    first=(
${[...words.keys()].map((word) => `      ${quote(`${word}:${summarize(word)}`)}\n`).join('')}    )
    _describe -t commands command first
    _arguments '(- *)'{-h,--help}'[help]' '(- *)'{-V,--version}'[version]'
    return
  fi
  case "$words[2]" in
${groups.map(([word, seconds]) => `    ${word})
      if (( CURRENT == 3 )); then
        local -a second
        second=(
${seconds
  .map((second) => `          ${quote(`${second}:${summarize(`${word} ${second}`)}`)}\n`)
  .join('')}        )
        _describe -t commands command second
        return
      fi
      case "$words[3]" in
${seconds.map((second) => `        ${second})
          words=("\${(@)words[3,-1]}") CURRENT=$(( CURRENT - 2 ))
          _arguments -s : ${describeOptions(find(`${word} ${second}`))} ;;
`).join('')}      esac ;;
`).join('')}${commands.filter(({ name }) => !name.includes(' ')).map((command) => `    ${command.name})
      words=("\${(@)words[2,-1]}") CURRENT=$(( CURRENT - 1 ))
      _arguments -s : ${describeOptions(command)} ;;
`).join('')}  esac
}
if [ "$funcstack[1]" = _peerkit ]; then _peerkit "$@"; else compdef _peerkit peerkit; fi
`
}

function describeOptions ({ options, operands }: Command): string {
  const specs = Object.entries(options).map(([name, { type, multiple = false, help, values }]) => {
    const argument = type === 'boolean' ? '' : `:VALUE:${values === undefined ? '_files' : `(${values.join(' ')})`}`
    return quote(`${multiple ? '*' : ''}--${name}[${escape(help)}]${argument}`)
  })
  const operand = operands === undefined
    ? []
    : [quote(
      `*:${escape(operands.name)}:${operands.values === undefined ? '_files' : `(${operands.values.join(' ')})`}`
      )]
  return [...specs, quote('--help[help]'), ...operand].join(' \\\n            ')
}

/** The characters that have a meaning in a specification of `_arguments`. */
function escape (text: string): string {
  return text.replace(/[\\[\]:]/g, '\\$&')
}

function quote (text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}
