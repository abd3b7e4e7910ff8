import type { KeyType } from '@peerkit/dev-ca'
import { daysOf, textOf } from './command.ts'
import type { Command } from './command.ts'
import { loadSigning } from './load-signing.ts'

export const caIntermediate: Command = {
  name: 'ca intermediate',
  summary: 'create an intermediate CA for development',
  options: {
    dir: { type: 'string', help: 'folder of the issuing CA (default pki)' },
    out: { type: 'string', help: 'folder of the new CA', required: true },
    name: { type: 'string', help: 'common name' },
    key: { type: 'string', help: 'ec-p256 (default), ec-p384, rsa-2048, rsa-3072 or ed25519' },
    days: { type: 'string', help: 'days until it expires (default 30)' },
    force: { type: 'boolean', help: 'replace an existing CA' }
  },
  run: async (values, print) => {
    const { openDevCa, storeDevCa } = await loadSigning()
    const parent = await openDevCa(textOf(values, 'dir') ?? 'pki')
    const folder = textOf(values, 'out') ?? ''
    const name = textOf(values, 'name')
    const key = textOf(values, 'key') as KeyType | undefined
    const days = daysOf(values)
    const ca = await parent.intermediate({
      ...(name !== undefined && { name }),
      ...(key !== undefined && { key }),
      ...(days !== undefined && { days })
    })
    await storeDevCa(ca, folder, { force: values['force'] === true })
    print(`created an intermediate CA for development: ${folder}/ca.pem\n`)
    return 0
  }
}
