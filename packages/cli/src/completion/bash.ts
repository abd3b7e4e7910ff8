import type { Command } from '../command.ts'
import type { CommandWords } from './command-words.ts'

/** The completion script for bash 3.2 and later. Where nothing else fits, bash offers files. */
export function completeBash ({ commands, groups }: CommandWords): string {
  const pairs = [...groups].filter(([, seconds]) => seconds.length > 0)
  return `# bash completion for peerkit. Load it with: source <(peerkit completion bash)
_peerkit() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} words=''
  # Bash splits --option=value at the equals sign.
  if [[ $current == '=' ]]; then
    current=''
  elif [[ $previous == '=' ]]; then
    previous=\${COMP_WORDS[COMP_CWORD-2]}
  fi
  COMPREPLY=()
  if (( COMP_CWORD == 1 )); then
    words='${[...groups.keys(), '--help', '--version'].join(' ')}'
  else
    case "\${COMP_WORDS[1]} \${COMP_WORDS[2]}" in
${commands.map(describeCommand).join('')}${pairs.map(([first, seconds]) => `      '${first} '*)
        (( COMP_CWORD == 2 )) && words='${seconds.join(' ')}' ;;
`).join('')}    esac
  fi
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o bashdefault -o default -F _peerkit peerkit
`
}

function describeCommand ({ name, options, operands }: Command): string {
  const pattern = name.includes(' ') ? `'${name}'` : `'${name} '*`
  const valued = Object.entries(options).filter(([, { type }]) => type === 'string')
  const listed = valued.filter(([, { values }]) => values !== undefined)
  const others = valued.filter(([, { values }]) => values === undefined)
  const names = [...Object.keys(options).map((option) => `--${option}`), '--help'].join(' ')
  return `      ${pattern})
        case "$previous" in
${listed.map(([option, { values = [] }]) => `          --${option}) words='${values.join(' ')}' ;;
`).join('')}${others.map(([option]) => `          --${option}) ;;
`).join('')}          *)
            if [[ $current == -* ]]; then words='${names}'; else words='${(operands?.values ?? []).join(' ')}'; fi ;;
        esac ;;
`
}
