import { join } from 'node:path'
import { runExample } from '@peerkit/example-support/run-example'
import { test } from 'tap'

test('the roles of a certificate decide, and its CA has to be the qualified one', async (t) => {
  const { code, output } = await runExample(join(import.meta.dirname, '..'))
  t.equal(code, 0, output)
  t.equal(output.match(/ok {3}/g)?.length, 7, output)
  t.match(output, /"reason":"no_match".*"path":"groups\.paymentInitiation".*"msg":"client denied"/)
  t.match(output, /"reason":"revoked"/)
})
