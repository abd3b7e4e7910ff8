import { join } from 'node:path'
import { daysOf, textOf } from './command.ts'
import type { Command } from './command.ts'
import { loadSigning } from './load-signing.ts'

const DAY = 86_400_000

export const crl: Command = {
  name: 'crl',
  summary: 'publish a certificate revocation list',
  options: {
    dir: { type: 'string', help: 'folder of the CA (default pki)' },
    out: { type: 'string', help: 'file to write or replace (default DIR/crl.pem)' },
    days: { type: 'string', help: 'until the next one (default 7)' }
  },
  run: async (values, print) => {
    const folder = textOf(values, 'dir') ?? 'pki'
    const days = daysOf(values)
    const out = textOf(values, 'out') ?? join(folder, 'crl.pem')
    const { storeCrl, updateDevCa } = await loadSigning()
    // Its file is written before others get their turn: of two lists the later one stays.
    const number = await updateDevCa(folder, async (ca) => {
      const list = await ca.crl(days === undefined ? {} : { nextUpdate: new Date(Date.now() + days * DAY) })
      // The number first: two lists of one number would contradict each other.
      await ca.save()
      await storeCrl(list, out)
      return list.number
    })
    print(`${out}, number ${number}\n`)
    return 0
  }
}
