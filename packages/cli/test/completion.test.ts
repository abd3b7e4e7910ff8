import { spawnSync } from 'node:child_process'
import { test } from 'tap'
import type { Test } from 'tap'
import { folder } from './support/folder.ts'
import { peerkitHere } from './support/peerkit.ts'

/** Runs a script in a shell. Undefined where the machine does not have it. */
function runShell (shell: string, ...args: readonly string[]): string | undefined {
  const { error, stdout, stderr } = spawnSync(shell, args, { encoding: 'utf8' })
  return error === undefined ? stdout + stderr : undefined
}

async function scriptOf (t: Test, shell: string): Promise<{ text: string, path: string }> {
  const { code, out, err } = await peerkitHere('completion', shell)
  t.same([code, err], [0, ''])
  const file = folder(t, { script: out })
  return { text: out, path: file('script') }
}

const TRIED: ReadonlyArray<readonly [words: string, expected: string]> = [
  ['peerkit ce', 'cert'],
  ['peerkit cert ', 'issue revoke'],
  ['peerkit cert issue --prof', '--profile'],
  ['peerkit cert issue --profile ', 'server client both'],
  ['peerkit cert issue --out x --key rsa', 'rsa-2048 rsa-3072'],
  ['peerkit trust check --purpose a', 'any'],
  ['peerkit inspect --js', '--json'],
  ['peerkit completion z', 'zsh'],
  ['peerkit cert issue --out x', ''],
  ['peerkit nonsense x', '']
]

test('bash completes commands, options and their values, and leaves files to bash', async (t) => {
  const { path, text } = await scriptOf(t, 'bash')
  t.match(text, /complete -o bashdefault -o default -F _peerkit peerkit\n$/)
  const words = [...TRIED.map(([line]) => line), 'peerkit cert issue --profile = s', 'peerkit cert issue --profile =']
  const calls = words.map((line) => `try ${line.split(' ').map((word) => `'${word}'`).join(' ')}`)
  const script = `. ${path}\ntry() { COMP_WORDS=("$@"); COMP_CWORD=$(( $# - 1 )); _peerkit; echo "\${COMPREPLY[*]}"; }\n${calls.join('\n')}`
  const answers = runShell('bash', '--norc', '-c', script)
  const expected = [...TRIED.map(([, answer]) => answer), 'server', 'server client both']
  t.equal(answers ?? expected.join('\n') + '\n', expected.join('\n') + '\n')
})

test('fish completes the same', async (t) => {
  const { path, text } = await scriptOf(t, 'fish')
  t.match(text, "__fish_seen_subcommand_from cert; and __fish_seen_subcommand_from issue' -l profile -x -a 'server client both'")
  for (const [line, expected] of TRIED.filter(([, answer]) => answer !== '')) {
    const answers = runShell('fish', '--no-config', '-c', `source ${path}; complete -C '${line}'`)
    const found = answers?.trim().split('\n').map((answer) => answer.split('\t')[0]).sort()
    t.same(found ?? expected.split(' ').sort(), expected.split(' ').sort(), line)
  }
})

test('the script for zsh is one that zsh can read, with all commands and the quotes of their texts', async (t) => {
  const { path, text } = await scriptOf(t, 'zsh')
  t.match(text, /^#compdef peerkit\n/)
  t.match(text, "'--profile[server, client or both (default)]:VALUE:(server client both)'")
  t.match(text, "'*--dns[DNS name (any number)]:VALUE:_files'")
  t.match(text, 'https\\://host\\[\\:port\\]')
  const answers = runShell('zsh', '-f', '-c', `compdef() { echo "$@"; }; . ${path}; whence -w _peerkit`)
  t.equal(answers ?? '_peerkit peerkit\n_peerkit: function\n', '_peerkit peerkit\n_peerkit: function\n')
})

test('another shell is refused, with the nearest one', async (t) => {
  t.match(await peerkitHere('completion', 'bsh'), { code: 2, out: '', err: /SHELL is "bsh"; did you mean bash\?/ })
  t.match(await peerkitHere('completion', 'powershell'), { code: 2, err: /SHELL is "powershell"; expected bash, zsh or fish/ })
  t.match(await peerkitHere('completion', 'toString'), { code: 2, err: /SHELL is "toString"; expected/ })
  t.match(await peerkitHere('completion'), { code: 2, err: /SHELL is missing/ })
})
