import { join } from 'node:path'
import { runExample } from '@peerkit/example-support/run-example'
import { test } from 'tap'

test('each agent has its tools, and the rule decides before MCP sees the request', async (t) => {
  const { code, output } = await runExample(join(import.meta.dirname, '..'))
  t.equal(code, 0, output)
  t.equal(output.match(/ok {3}/g)?.length, 8, output)
  t.match(output, /"reason":"no_match".*"peer":"spiffe:\/\/prod\.example\/agents\/marketing.*"msg":"client denied"/)
})
