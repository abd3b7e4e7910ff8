import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'tap'

const main = join(import.meta.dirname, '../src/main.ts')
const start = (...args: string[]): ReturnType<typeof spawn> => {
  const env = { ...process.env, NODE_OPTIONS: '' }
  return spawn(process.execPath, ['--conditions=@peerkit/source', main, ...args], { env })
}

test('the demonstration does every step and ends by itself', async (t) => {
  const child = start()
  let output = ''
  child.stdout?.on('data', (chunk) => { output += chunk })
  child.stderr?.on('data', (chunk) => { output += chunk })
  const [code] = await once(child, 'close')
  t.equal(code, 0, output)
  t.match(output, /Every step had the expected outcome/)
  t.notMatch(output, /FAIL/)
  t.notMatch(output, /PRIVATE KEY/)
})

test('--serve keeps the services up until told to stop, and removes the certificates', async (t) => {
  const child = start('--serve')
  let output = ''
  const ready = new Promise<void>((resolve) => {
    child.stdout?.on('data', (chunk) => {
      output += chunk
      if (/Ctrl\+C/.test(output)) resolve()
    })
  })
  await ready
  const folder = /--cacert (\S+)\/ca\.pem/.exec(output)?.[1] ?? ''
  t.equal(existsSync(join(folder, 'ca.pem')), true)
  child.kill('SIGTERM')
  const [code] = await once(child, 'close')
  t.equal(code, 0)
  t.equal(existsSync(folder), false)
})
