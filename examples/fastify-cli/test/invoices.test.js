import assert from 'node:assert'
import { test } from 'node:test'
import { createDevCa } from '@peerkit/dev-ca'
import { injectAs } from '@peerkit/fastify-mtls'
import { parsePeerIdentity } from '@peerkit/identity'
import helper from 'fastify-cli/helper.js'

test('billing may read invoices', async (t) => {
  const app = await helper.build(['--options', 'app.js'])
  t.after(() => app.close())
  const ca = await createDevCa()
  const { der } = await ca.issue({ cn: 'alice', ou: 'billing' })
  const response = await injectAs(app, parsePeerIdentity(der), '/invoices')
  assert.deepStrictEqual(response.json(), { hello: 'alice' })
})
