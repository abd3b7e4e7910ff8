// `require()` of every package, on the Node that PEERKIT_NODE names (CI: the oldest supported one).
import { test } from 'tap'
import { checkServer } from './check-server.ts'
import { readHost } from './documented.ts'
import { publicEntryPoints } from './entry-points.ts'
import { makeProject } from './host-project.ts'

const { files, commands: [start = ''] } = readHost('CommonJS')
const node = process.env['PEERKIT_NODE'] ?? process.execPath
const project = await makeProject({ packages: ['fastify', 'undici'], manifest: { type: 'commonjs' } })
project.write(files)

for (const entry of publicEntryPoints()) {
  test(`require('${entry}') gives what import gives`, async (t) => {
    project.write({
      'one.cjs': `
        const required = require('${entry}')
        import('${entry}').then((imported) => {
          for (const name of Object.keys(imported)) if (required[name] !== imported[name]) throw new Error(name)
          console.log(Object.keys(imported).length > 0 ? 'same' : 'empty')
        })`
    })
    const { output } = await project.run('node --no-warnings one.cjs', { node })
    t.equal(output, 'same\n')
  })
}

test('the documented server', async (t) => {
  const server = await project.serve(start, { node })
  t.teardown(server.stop)
  await checkServer(t, project, server)
})

test('a plugin as it is required, without naming its export', async (t) => {
  const { 'server.cjs': server = '' } = files
  const changed = server.replace('app.register(fastifyMtls)', "app.register(require('@peerkit/fastify-mtls'))")
  t.match(changed, "register(require('@peerkit/fastify-mtls'))")
  project.write({ 'server.cjs': changed })
  const started = await project.serve(start, { node })
  t.teardown(started.stop)
  await checkServer(t, project, started)
})
