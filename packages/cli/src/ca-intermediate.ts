import type { KeyType } from '@peerkit/dev-ca'
import { daysOf, textOf } from './command.ts'
import type { Command } from './command.ts'
import { DONE_NOTE, JSON_OPTION, KEY_OPTION, describeCaFiles, describeUses, printDone } from './done.ts'
import { loadSigning } from './load-signing.ts'

export const caIntermediate: Command = {
  name: 'ca intermediate',
  summary: 'create an intermediate CA for development',
  options: {
    dir: { type: 'string', help: 'folder of the issuing CA (default pki)' },
    out: { type: 'string', help: 'folder of the new CA', required: true },
    name: { type: 'string', help: 'common name' },
    key: KEY_OPTION,
    days: { type: 'string', help: 'days until it expires (default 30)' },
    force: { type: 'boolean', help: 'replace an existing CA' },
    json: JSON_OPTION
  },
  notes: [DONE_NOTE],
  run: async (values, print) => {
    const { storeDevCa, updateDevCa } = await loadSigning()
    const folder = textOf(values, 'out') ?? ''
    const name = textOf(values, 'name')
    const key = textOf(values, 'key') as KeyType | undefined
    const days = daysOf(values)
    // Saved first: the issuing CA knows the serial number of every certificate that exists.
    const ca = await updateDevCa(textOf(values, 'dir') ?? 'pki', async (parent) => await parent.intermediate({
      ...(name !== undefined && { name }),
      ...(key !== undefined && { key }),
      ...(days !== undefined && { days })
    }))
    await storeDevCa(ca, folder, { force: values['force'] === true })
    printDone(values, print, { folder, ...describeCaFiles(folder) },
      `created an intermediate CA for development: ${folder}/ca.pem, key ${folder}/ca.key.\n${describeUses(folder)}`)
    return 0
  }
}
