import { join } from 'node:path'
import { openDevCa } from '../open-dev-ca.ts'
import { placeFile } from '../place-file.ts'
import { daysOf, textOf } from './command.ts'
import type { Command } from './command.ts'

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
    const ca = await openDevCa(textOf(values, 'dir') ?? 'pki')
    const days = daysOf(values)
    const list = await ca.crl(days === undefined ? {} : { nextUpdate: new Date(Date.now() + days * DAY) })
    // The number first: two lists of one number would contradict each other.
    await ca.save()
    const out = textOf(values, 'out') ?? join(ca.folder, 'crl.pem')
    await placeFile(out, list.pem, { force: true })
    print(`${out}, number ${list.number}\n`)
    return 0
  }
}
