// @fastify/autoload in a server of one's own: plugins in the order of their names and dependencies, routes in folders.
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'tap'
import { ask } from './ask.ts'
import { checkServer } from './check-server.ts'
import { readHost } from './documented.ts'
import { makeProject } from './host-project.ts'

const { files, commands: [start = ''] } = readHost('@fastify/autoload')
const node = process.env['PEERKIT_NODE'] ?? process.execPath
const project = await makeProject({ packages: ['fastify', 'fastify-plugin', '@fastify/autoload'], manifest: { type: 'module' } })
project.write(files)

test('the documented files', async (t) => {
  const server = await project.serve(start, { node })
  t.teardown(server.stop)
  await checkServer(t, project, server)
  const { port } = server
  const { ca, alice, mallory } = project
  t.equal(await ask({ port, ca, client: mallory, path: '/health' }), '200 well', 'a plugin that adds routes')
  t.equal(await ask({ port, ca, client: mallory, path: '/audit/trail' }), '200 {"hello":"mallory"}', 'rules of autohooks.js, options of autoConfig')
  t.match(await ask({ port, ca, client: alice, path: '/audit/trail' }), /^403 /)
})

test('a plugin that adds routes, without the dependency, comes first by its name: the error says what to write', async (t) => {
  const { 'plugins/health.js': health = '' } = files
  project.write({ 'plugins/health.js': health.replace(", dependencies: ['mtls']", '') })
  t.teardown(() => { project.write(files) })
  const { code, output } = await project.run(start, { node })
  t.not(code, 0)
  t.match(output, /MTLS_ERR_PLUGIN_ORDER/)
  t.match(output, /these routes were added before it; .* With @fastify\/autoload, name its plugin in the dependencies of the plugins that add them\.[^]*health/)
})

test('each plugin in a file of its own, where rules come first by their name: the error says what to write', async (t) => {
  const around = (name: string, options: string): string => `import plugin from '@peerkit/${name}'\nimport fp from 'fastify-plugin'\nexport default fp(async (app) => { await app.register(plugin) }, ${options})\n`
  project.write({ 'plugins/allowed.js': around('fastify-allowed-clients', "{ name: 'allowed' }"), 'plugins/mtls.js': around('fastify-mtls', "{ name: 'mtls' }") })
  t.teardown(() => {
    rmSync(join(project.folder, 'plugins/allowed.js'))
    project.write(files)
  })
  const { code, output } = await project.run(start, { node })
  t.not(code, 0)
  t.match(output, /no plugin identifies the clients yet; .* With @fastify\/autoload, register both in one file/)
})
