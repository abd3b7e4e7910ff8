import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { runExample } from '@peerkit/example-support/run-example'
import { test } from 'tap'

const folder = join(import.meta.dirname, '..')

test('the example plays to its end, and the log says why mallory was denied', async (t) => {
  const { code, output } = await runExample(folder)
  t.equal(code, 0, output)
  t.equal(output.match(/ok {3}/g)?.length, 5, output)
  t.match(output, /"reason":"no_match".*"path":"groups.billing".*"found":\["interns"\].*"msg":"client denied"/)
  t.match(output, /"reason":"no_certificate"/)
})

test('--serve keeps the server up until it is told to stop, and removes the certificates', async (t) => {
  const env = { ...process.env, NODE_OPTIONS: '' }
  const child = spawn(process.execPath, ['--conditions=@peerkit/source', join(folder, 'src/main.ts'), '--serve'], { env })
  let output = ''
  await new Promise<void>((resolve) => {
    child.stdout.on('data', (chunk) => {
      output += String(chunk)
      if (output.includes('Ctrl+C')) resolve()
    })
  })
  const [, root = ''] = /--cacert (\S+)/.exec(output) ?? []
  t.equal(existsSync(root), true)
  child.kill('SIGTERM')
  const [code] = await once(child, 'close')
  t.equal(code, 0)
  t.equal(existsSync(root), false)
})
