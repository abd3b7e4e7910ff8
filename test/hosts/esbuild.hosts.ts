import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'tap'
import { checkServer } from './check-server.ts'
import { readHost } from './documented.ts'
import { publicEntryPoints } from './entry-points.ts'
import { makeProject } from './host-project.ts'

const { files, commands: [bundle = '', start = ''] } = readHost('esbuild')
const project = await makeProject({ packages: ['fastify', 'undici', 'esbuild'], manifest: { type: 'module' } })
project.write(files)

test('the documented bundle', async (t) => {
  const { code, output } = await project.run(bundle)
  t.equal(code, 0, output)
  const server = await project.serve(start)
  t.teardown(server.stop)
  await checkServer(t, project, server)
})

test('the bundle of the format cjs', async (t) => {
  const { 'server.js': server = '' } = files
  project.write({ 'main.js': server.replace('const credentials', 'async function main () {\nconst credentials') + '}\nmain()\n' })
  const { code, output } = await project.run('esbuild main.js --bundle --platform=node --format=cjs --outfile=bundle.cjs')
  t.equal(code, 0, output)
  const started = await project.serve('node bundle.cjs')
  t.teardown(started.stop)
  await checkServer(t, project, started)
})

test('the check of the Node version stays in the bundle', async (t) => {
  project.write({ 'old.mjs': "Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.20.2' } })\n" })
  const { code, output } = await project.run(start.replace('node ', 'node --import ./old.mjs '))
  t.not(code, 0)
  t.match(output, /Error: Peerkit needs Node 22\.19 or later\. This is Node 20\.20\.2\./)
})

test('every export is in a bundle that uses it, and works like the unbundled one', async (t) => {
  const entries = publicEntryPoints()
  const lines = entries.map((entry, index) => `import * as m${index} from '${entry}'`)
  const print = `console.log(JSON.stringify([${entries.map((_, index) => `m${index}`).join(', ')}].map((m) => Object.entries(m).map(([name, value]) => [name, typeof value]).sort())))`
  project.write({ 'every.js': [...lines, print].join('\n') })
  const { code, output } = await project.run(bundle.replace('server.js', 'every.js').replace('bundle.mjs', 'every.mjs'))
  t.equal(code, 0, output)
  const bundled = await project.run('node every.mjs')
  t.same(JSON.parse(bundled.output), JSON.parse((await project.run('node every.js')).output))
})

test('"sideEffects" is honest: what is imported and not used goes, save the check of the Node version', async (t) => {
  // esbuild keeps whole what a dynamic import may need, if all has to be one file. That is so for what loads undici.
  const whole = ['@peerkit/undici-mtls', '@peerkit/fastify-mtls-client']
  for (const entry of publicEntryPoints().filter((entry) => !whole.includes(entry))) {
    project.write({ 'none.js': `import * as all from '${entry}'` })
    const { code, output } = await project.run(bundle.replace('server.js', 'none.js').replace('bundle.mjs', 'none.mjs'))
    t.equal(code, 0, output)
    t.ok(statSync(join(project.folder, 'none.mjs')).size < 4_000, entry)
    if (!entry.startsWith('@peerkit/identity')) continue
    t.match(readFileSync(join(project.folder, 'none.mjs'), 'utf8'), /Peerkit needs Node/)
  }
})
