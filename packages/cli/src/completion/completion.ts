import { findNearest } from '@peerkit/identity/internal'
import { UsageError } from '../command.ts'
import type { Command } from '../command.ts'
import { completeBash } from './bash.ts'
import { wordsOf } from './command-words.ts'
import type { CommandWords } from './command-words.ts'
import { completeFish } from './fish.ts'
import { completeZsh } from './zsh.ts'

const SHELLS: Readonly<Record<string, (words: CommandWords) => string>> = {
  bash: completeBash, zsh: completeZsh, fish: completeFish
}

/** The command that prints completion scripts. @param commands all commands; read when it runs */
export function completionOf (commands: readonly Command[]): Command {
  return {
    name: 'completion',
    summary: 'print the completion script of a shell',
    operands: {
      name: 'SHELL', help: 'bash, zsh or fish', least: 1, most: 1, values: Object.keys(SHELLS)
    },
    options: {},
    notes: [
      'Exit code: 0 printed; 2 a wrong command line.', '',
      '  source <(peerkit completion bash)                                      # in ~/.bashrc',
      '  source <(peerkit completion zsh)                                       # in ~/.zshrc, after compinit',
      '  peerkit completion fish > ~/.config/fish/completions/peerkit.fish'
    ],
    run: async (_values, print, [shell = '']) => {
      const complete = Object.hasOwn(SHELLS, shell) ? SHELLS[shell] : undefined
      if (complete === undefined) {
        const near = findNearest(shell, Object.keys(SHELLS))
        const hint = near === undefined ? 'expected bash, zsh or fish' : `did you mean ${near}?`
        throw new UsageError(`SHELL is ${JSON.stringify(shell)}; ${hint}`)
      }
      print(complete(wordsOf(commands)))
      return 0
    }
  }
}
