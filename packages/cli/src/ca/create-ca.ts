import { join } from 'node:path'
import type { CaOptions, KeyType } from '@peerkit/dev-ca'
import { daysOf, textOf } from '../command.ts'
import type { Command, Values } from '../command.ts'
import { shownJson } from '../output.ts'

/** The option of every command that prints a result. */
export const JSON_OPTION: Command['options'][string] = { type: 'boolean', help: 'the result as JSON' }

const KEY_TYPES: Readonly<Record<KeyType, true>> = {
  'ec-p256': true, 'ec-p384': true, 'rsa-2048': true, 'rsa-3072': true, ed25519: true
}

/** The type of a new key. */
export const KEY_OPTION: Command['options'][string] = {
  type: 'string',
  help: 'ec-p256 (default), ec-p384, rsa-2048, rsa-3072 or ed25519',
  values: Object.keys(KEY_TYPES)
}

/** The exit codes of commands that do something, and decide nothing. */
export const DONE_NOTE = 'Exit code: 0 done; 1 the CA or a file stands in the way; 2 a wrong command line or file.'

/** The options of commands that create a CA. */
const CA_OPTIONS: Command['options'] = {
  name: { type: 'string', help: 'common name' },
  key: KEY_OPTION,
  days: { type: 'string', help: 'days until it expires (default 30)' },
  force: { type: 'boolean', help: 'replace an existing CA' },
  json: JSON_OPTION
}

export const caInit: Command = {
  name: 'ca init',
  summary: 'create a root CA for development in a folder',
  options: { dir: { type: 'string', help: 'folder of the CA (default pki)' }, ...CA_OPTIONS },
  notes: [DONE_NOTE],
  run: async (values, print) => {
    const folder = textOf(values, 'dir') ?? 'pki'
    const options = readCaOptions(values)
    const { createDevCa, storeDevCa } = await loadSigning()
    await storeDevCa(await createDevCa(options), folder, { force: values['force'] === true })
    printDone(values, print, { folder, ...describeCaFiles(folder) },
      `created a CA for development: ${folder}/ca.pem, key ${folder}/ca.key. No trust store was changed.\n` +
        describeUses(folder))
    return 0
  }
}

export const caIntermediate: Command = {
  name: 'ca intermediate',
  summary: 'create an intermediate CA for development',
  options: {
    dir: { type: 'string', help: 'folder of the issuing CA (default pki)' },
    out: { type: 'string', help: 'folder of the new CA', required: true },
    ...CA_OPTIONS
  },
  notes: [DONE_NOTE],
  run: async (values, print) => {
    const { storeDevCa, updateDevCa } = await loadSigning()
    const folder = textOf(values, 'out') ?? ''
    const options = readCaOptions(values)
    // Saved first: the issuing CA knows the serial number of every certificate that exists.
    const ca = await updateDevCa(textOf(values, 'dir') ?? 'pki', async (parent) => await parent.intermediate(options))
    await storeDevCa(ca, folder, { force: values['force'] === true })
    printDone(values, print, { folder, ...describeCaFiles(folder) },
      `created an intermediate CA for development: ${folder}/ca.pem, key ${folder}/ca.key.\n${describeUses(folder)}`)
    return 0
  }
}

function readCaOptions (values: Values): CaOptions {
  return given({ name: textOf(values, 'name'), key: textOf(values, 'key'), days: daysOf(values) })
}

/** The options that were given. Which values an option may have, the library checks. */
export function given (options: Readonly<Record<string, unknown>>): object {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
}

/** Loads the signing library only when it is needed: loading it takes longer than most commands run. */
export async function loadSigning (): Promise<typeof import('@peerkit/dev-ca')> {
  return await import('@peerkit/dev-ca')
}

/** Prints what was done, as text or with `--json`. */
export function printDone (values: Values, print: (text: string) => void, data: object, text: string): void {
  print(values['json'] === true ? shownJson(data) : text)
}

/** The files of a CA in a folder. */
function describeCaFiles (folder: string): object {
  return { certificate: join(folder, 'ca.pem'), key: join(folder, 'ca.key'), root: join(folder, 'root.pem') }
}

/** What the other files of a CA are for. */
function describeUses (folder: string): string {
  return `clients and servers trust ${folder}/root.pem; ${folder}/chain.pem is its chain, and ${folder}/state.json ` +
    'has its serial numbers and revocations\n'
}
