import { join } from 'node:path'
import { runExample } from '@peerkit/example-support/run-example'
import { test } from 'tap'
import { answer } from '../src/messages.ts'

test('a station gets its own WebSocket, until its certificate is revoked', async (t) => {
  const { code, output } = await runExample(join(import.meta.dirname, '..'))
  t.equal(code, 0, output)
  t.equal(output.match(/ok {3}/g)?.length, 8, output)
  t.match(output, /"reason":"revoked".*"peer":"CN=CS-0001/)
})

test('what a station may send', (t) => {
  t.match(answer('[2,"7","Heartbeat",{}]'), /^\[3,"7",\{"currentTime":"/)
  for (const text of ['garbage', '{}', 'null', '[3,"7",{}]', '[2,7,"Heartbeat",{}]']) t.match(answer(text), /^\[4,"-1","RpcFrameworkError"/, text)
  t.end()
})
