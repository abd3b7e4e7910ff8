import { join } from 'node:path'
import type { Command, Values } from './command.ts'
import { shownJson } from './shown.ts'

/** The option of every command that prints a result. */
export const JSON_OPTION: Command['options'][string] = { type: 'boolean', help: 'the result as JSON' }

/** The type of a new key. */
export const KEY_OPTION: Command['options'][string] = {
  type: 'string',
  help: 'ec-p256 (default), ec-p384, rsa-2048, rsa-3072 or ed25519',
  values: ['ec-p256', 'ec-p384', 'rsa-2048', 'rsa-3072', 'ed25519']
}

/** The exit codes of commands that do something, and decide nothing. */
export const DONE_NOTE = 'Exit code: 0 done; 1 the CA or a file stands in the way; 2 a wrong command line or file.'

/** Prints what was done, as text or with `--json`. */
export function printDone (values: Values, print: (text: string) => void, data: object, text: string): void {
  print(values['json'] === true ? shownJson(data) : text)
}

/** The files of a CA in a folder. */
export function describeCaFiles (folder: string): object {
  return { certificate: join(folder, 'ca.pem'), key: join(folder, 'ca.key'), root: join(folder, 'root.pem') }
}

/** What the other files of a CA are for. */
export function describeUses (folder: string): string {
  return `clients and servers trust ${folder}/root.pem; ${folder}/chain.pem is its chain, and ${folder}/state.json ` +
    'has its serial numbers and revocations\n'
}
