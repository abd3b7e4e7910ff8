import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { createDevCa, storeDevCa } from '@peerkit/dev-ca'
import { decodePem, parsePeerIdentity } from '@peerkit/identity'
import { parseCrl } from '@peerkit/revocation'
import { test } from 'tap'
import { peerkit } from './support/peerkit.ts'

test('processes that revoke and publish at once lose no revocation and give no number twice', async (t) => {
  const folder = join(t.testdir(), 'pki')
  const ca = await storeDevCa(await createDevCa(), folder)
  const serials = ['a1', 'a2', 'a3', 'a4', 'a5', 'a6']
  const runs = await Promise.all([
    ...serials.map((serial) => peerkit('cert', 'revoke', '--dir', folder, '--force', '--serial', serial)),
    ...[1, 2, 3, 4].map(() => peerkit('crl', '--dir', folder))
  ])
  t.same(runs.map(({ code, err }) => [code, err]), runs.map(() => [0, '']))
  t.same(
    runs.map(({ out }) => /number (\d+)/.exec(out)?.[1]).filter((number) => number !== undefined).sort(),
    ['1', '2', '3', '4']
  )
  const issuers = [parsePeerIdentity(decodePem(ca.certificate)[0] ?? new Uint8Array())]
  t.equal(parseCrl(readFileSync(join(folder, 'crl.pem'), 'utf8'), { issuers }).number, 4n, 'the last one stays')
  await peerkit('crl', '--dir', folder)
  const list = parseCrl(readFileSync(join(folder, 'crl.pem'), 'utf8'), { issuers })
  t.same(serials.filter((serial) => !list.has(serial)), [])
  t.same(readdirSync(folder).sort(), ['ca.key', 'ca.pem', 'chain.pem', 'crl.pem', 'root.pem', 'state.json'])
})
