import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { createDevCa, storeCrl } from '@peerkit/dev-ca'
import { parseCrl } from '@peerkit/revocation'
import { test } from 'tap'

test('a CRL takes the place of the one before, and leaves nothing else', async (t) => {
  const ca = await createDevCa()
  const folder = join(t.testdir(), 'lists')
  await storeCrl(await ca.crl(), join(folder, 'ca.crl'))
  ca.revoke('aa')
  await storeCrl(await ca.crl(), join(folder, 'ca.crl'))
  const list = parseCrl(readFileSync(join(folder, 'ca.crl'), 'utf8'))
  t.same([list.number, list.has('aa')], [2n, true])
  t.same(readdirSync(folder), ['ca.crl'])
})
