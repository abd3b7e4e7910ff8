import { join } from 'node:path'
import { runExample } from '@peerkit/example-support/run-example'
import { test } from 'tap'

test('the route has a rule, and fields depend on the client', async (t) => {
  const { code, output } = await runExample(join(import.meta.dirname, '..'))
  t.equal(code, 0, output)
  t.equal(output.match(/ok {3}/g)?.length, 6, output)
  t.match(output, /"peer":"CN=acme,OU=partners .*","group":"staff","msg":"field denied"/)
})
