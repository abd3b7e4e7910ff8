import { readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createDevCa, storeCertificate } from '@peerkit/dev-ca'
import { test } from 'tap'

const root = await createDevCa()

test('a certificate is written with its intermediates, its key for its owner alone', async (t) => {
  const folder = join(t.testdir(), 'new')
  const issued = await (await root.intermediate()).issue()
  await storeCertificate(issued, join(folder, 'web'))
  t.same(readdirSync(folder).sort(), ['web.key', 'web.pem'])
  t.equal(readFileSync(join(folder, 'web.pem'), 'utf8'), issued.chain)
  t.equal(readFileSync(join(folder, 'web.key'), 'utf8'), issued.key)
  t.equal(statSync(join(folder, 'web.key')).mode & 0o777, 0o600)
})

test('neither file is written where one of them is there, unless that is asked for', async (t) => {
  const issued = await root.issue()
  for (const there of ['web.key', 'web.pem']) {
    const folder = t.testdir()
    writeFileSync(join(folder, there), 'mine')
    await t.rejects(
      storeCertificate(issued, join(folder, 'web')),
      { code: 'MTLS_ERR_DEV_CA_STATE', message: new RegExp(`${there} exists`) }
    )
    t.same(readdirSync(folder), [there])
    t.equal(readFileSync(join(folder, there), 'utf8'), 'mine')
    await storeCertificate(issued, join(folder, 'web'), { force: true })
    t.equal(readFileSync(join(folder, 'web.key'), 'utf8'), issued.key)
    t.equal(readFileSync(join(folder, 'web.pem'), 'utf8'), issued.chain)
  }
})
