import type { KeyType } from '@peerkit/dev-ca'
import { daysOf, textOf } from './command.ts'
import type { Command } from './command.ts'
import { DONE_NOTE, JSON_OPTION, KEY_OPTION, describeCaFiles, describeUses, printDone } from './done.ts'
import { loadSigning } from './load-signing.ts'

export const caInit: Command = {
  name: 'ca init',
  summary: 'create a root CA for development in a folder',
  options: {
    dir: { type: 'string', help: 'folder of the CA (default pki)' },
    name: { type: 'string', help: 'common name' },
    key: KEY_OPTION,
    days: { type: 'string', help: 'days until it expires (default 30)' },
    force: { type: 'boolean', help: 'replace an existing CA' },
    json: JSON_OPTION
  },
  notes: [DONE_NOTE],
  run: async (values, print) => {
    const folder = textOf(values, 'dir') ?? 'pki'
    const name = textOf(values, 'name')
    const key = textOf(values, 'key') as KeyType | undefined
    const days = daysOf(values)
    const { createDevCa, storeDevCa } = await loadSigning()
    const ca = await createDevCa({
      ...(name !== undefined && { name }),
      ...(key !== undefined && { key }),
      ...(days !== undefined && { days })
    })
    await storeDevCa(ca, folder, { force: values['force'] === true })
    printDone(values, print, { folder, ...describeCaFiles(folder) },
      `created a CA for development: ${folder}/ca.pem, key ${folder}/ca.key. No trust store was changed.\n` +
        describeUses(folder))
    return 0
  }
}
