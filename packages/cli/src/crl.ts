import { join } from 'node:path'
import { daysOf, textOf } from './command.ts'
import type { Command } from './command.ts'
import { DONE_NOTE, JSON_OPTION, printDone } from './done.ts'
import { loadSigning } from './load-signing.ts'

const DAY = 86_400_000

export const crl: Command = {
  name: 'crl',
  summary: 'write the certificate revocation list of a CA',
  options: {
    dir: { type: 'string', help: 'folder of the CA (default pki)' },
    out: { type: 'string', help: 'file to write or replace (default DIR/crl.pem)' },
    days: { type: 'string', help: 'days until it expires (default 7)' },
    json: JSON_OPTION
  },
  notes: [DONE_NOTE],
  run: async (values, print) => {
    const folder = textOf(values, 'dir') ?? 'pki'
    const days = daysOf(values)
    const out = textOf(values, 'out') ?? join(folder, 'crl.pem')
    const { storeCrl, updateDevCa } = await loadSigning()
    // The file is written under the lock, so that an older CRL does not replace a newer one.
    const number = await updateDevCa(folder, async (ca) => {
      const list = await ca.crl(days === undefined ? {} : { nextUpdate: new Date(Date.now() + days * DAY) })
      // The number is saved first, so that it is not used for two CRLs.
      await ca.save()
      await storeCrl(list, out)
      return list.number
    })
    printDone(values, print, { crl: out, number }, `wrote ${out}, CRL number ${number}\n`)
    return 0
  }
}
