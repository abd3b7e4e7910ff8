import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'tap'
import { call } from '../src/call.ts'

const example = join(import.meta.dirname, '..')
const pages = ['several-cas.md', 'several-cas-decisions.md']
const guide = pages.map((page) => readFileSync(join(example, '../../docs', page), 'utf8')).join('\n')

/** Texts without what differs from run to run, and without white space: the guide has more line breaks. */
function compact (text: string): string {
  return text.replaceAll(/sha256:[0-9a-f]{16}/g, 'sha256:…')
    .replaceAll(/127\.0\.0\.1:\d+/g, '127.0.0.1')
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME')
    .replaceAll(/serial [0-9a-f]+/g, 'serial …')
    .replaceAll(/\s+/g, '')
}

test('every step does what it should, and prints what the guide shows', async (t) => {
  const child = spawn(
    process.execPath, ['--conditions=@peerkit/source', join(example, 'src/main.ts')],
    { env: { ...process.env, NODE_OPTIONS: '' } }
  )
  let [output, errors] = ['', '']
  child.stdout.on('data', (chunk) => { output += String(chunk) })
  child.stderr.on('data', (chunk) => { errors += String(chunk) })
  const [code] = await once(child, 'close')
  t.equal(code, 0, output + errors)
  t.match(output, /Every step did what it should/)
  t.notMatch(output + errors, /FAIL|PRIVATE KEY/)
  const shown = [...guide.matchAll(/^```text\n([\s\S]*?)^```$/gm)].map(([, text = '']) => compact(text))
  t.ok(shown.length >= 15)
  for (const text of shown) t.ok(compact(output).includes(text), text)
})

test('the service runs until told to stop, and removes the certificates', async (t) => {
  const child = spawn(
    process.execPath, ['--conditions=@peerkit/source', join(example, 'src/serve.ts')],
    { env: { ...process.env, NODE_OPTIONS: '' } }
  )
  let output = ''
  await new Promise<void>((resolve) => {
    child.stdout.on('data', (chunk) => {
      output += String(chunk)
      if (/Ctrl\+C/.test(output)) resolve()
    })
    child.once('close', () => { resolve() })
  })
  const commands = [...output.matchAll(/^curl --cacert (\S+) --cert (\S+) (\S+)$/gm)]
  t.equal(commands.length, 3, output)
  const answers = await Promise.all(commands.map(async ([, ca = '', cert = '', url = '']) => {
    const both = readFileSync(cert, 'utf8')
    return (await call(url, { client: { chain: both, key: both }, ca: readFileSync(ca, 'utf8') })).slice(0, 7)
  }))
  t.same(answers, ['200 {"a', '200 {"a', 'refused'])
  t.match(output, /outside_authority/)
  child.kill('SIGTERM')
  const [code] = await once(child, 'close')
  t.equal(code, 0)
  t.equal(existsSync(commands[0]?.[1] ?? ''), false)
})

test("the guide's code is the example's", async (t) => {
  const blocks = [...guide.matchAll(/^`(src\/\S+\.ts)`:\n\n```ts\n([\s\S]*?)^```$/gm)]
  t.ok(blocks.length >= 5)
  for (const [, path = '', code = ''] of blocks) t.equal(code, readFileSync(join(example, path), 'utf8'), path)
})

test('every test and document that the guide links to is there', async (t) => {
  for (const [, path = ''] of guide.matchAll(/\]\(([^)#]+)(?:#[^)]*)?\)/g)) {
    t.ok(/^https:/.test(path) || existsSync(join(example, '../../docs', path)), path)
  }
})
