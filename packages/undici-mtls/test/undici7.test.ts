// The other major that the package supports, whatever Node runs this: the same tests again, with undici 7 in place of undici.
import { test } from 'tap'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'

const hook = new URL('support/undici7.ts', import.meta.url).href

async function run (args: readonly string[]): Promise<{ readonly code: number, readonly output: string }> {
  const child = spawn(process.execPath, ['--conditions=@peerkit/source', '--disable-warning=ExperimentalWarning', '--import', hook, ...args], { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, NODE_OPTIONS: '' } })
  const [output, [code]] = await Promise.all([text(child.stdout), once(child, 'close')])
  return { code, output }
}

test('the hook does put undici 7 in place', async (t) => {
  const { output } = await run(['--input-type=module', '--eval', 'import * as undici from "undici"; console.log("Dispatcher1Wrapper" in undici, "cacheStores" in undici)'])
  t.equal(output.trim(), 'false true')
})

for (const name of ['who-answered', 'rotation', 'composing', 'sessions', 'refusals', 'ways']) {
  test(`with undici 7: ${name}`, async (t) => {
    const { code, output } = await run([fileURLToPath(new URL(`${name}.test.ts`, import.meta.url))])
    t.equal(code, 0)
    t.match(output, /^1\.\.\d+$/m)
    t.same(output.split('\n').filter((line) => line.includes('not ok')), [])
  })
}
