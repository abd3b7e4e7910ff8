// The layout that `fastify generate --esm` makes, as docs/hosts.md changes it, under `fastify start`.
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'tap'
import { ask } from './ask.ts'
import { checkServer } from './check-server.ts'
import { readHost } from './documented.ts'
import { readExample } from './example-files.ts'
import { makeProject } from './host-project.ts'

const { files, commands } = readHost('fastify-cli')
const [start = ''] = commands
const generated = ['fastify', 'fastify-plugin', '@fastify/autoload', '@fastify/sensible', 'fastify-cli']
const project = await makeProject({ packages: generated, manifest: { type: 'module' } })
await project.run('fastify generate --esm generated && cp -r generated/app.js generated/plugins generated/routes .')
const generatedApp = readFileSync(join(project.folder, 'app.js'), 'utf8')
const withoutOptions = start.replace(' --options', '')
project.write(files)

test('the documented files, beside those that are generated', async (t) => {
  const server = await project.serve(start)
  t.teardown(server.stop)
  await checkServer(t, project, server, { unruled: '/example' })
  t.match(server.output(), /routes without access rules answer 403 to every client/)
})

test('the documented test', async (t) => {
  const { code, output } = await project.run('node --test test/invoices.test.js')
  t.equal(code, 0, output)
  t.match(output, /pass 1\b/)
})

test('examples/fastify-cli has the documented files, makes its certificates, and starts by npm start', async (t) => {
  const example = readExample('fastify-cli')
  for (const [name, text] of Object.entries(files)) t.equal(example[join('fastify-cli', name)], text, name)
  project.write(example)
  const server = await project.serve('cd fastify-cli\nnpm start')
  t.teardown(server.stop)
  const read = (name: string): string => readFileSync(join(project.folder, 'fastify-cli', name), 'utf8')
  const call = async (name: string): Promise<string> => {
    return await ask({ port: server.port, ca: read('pki/root.pem'), client: { chain: read(`${name}.pem`), key: read(`${name}.key`) }, path: '/invoices' })
  }
  t.equal(await call('alice'), '200 {"hello":"alice"}')
  t.match(await call('mallory'), /^403 /)
  const { code, output } = await project.run('cd fastify-cli\nnpm test')
  t.equal(code, 0, output)
})

test('without --options the error says to give it', async (t) => {
  const { code, output } = await project.run(withoutOptions)
  t.not(code, 0)
  t.match(output, /MTLS_ERR_SERVER_NOT_MTLS/)
  t.match(output, /With fastify-cli, write export const options = withMtls\(credentials\) in app\.js, and start with --options/)
})

test('the generated app.js, which is encapsulated: the error says to wrap it', async (t) => {
  const imports = "import { fileCredentials } from '@peerkit/credentials'\nimport { withMtls } from '@peerkit/fastify-mtls'\n"
  const options = "export const options = withMtls(await fileCredentials({ cert: 'ledger.pem', key: 'ledger.key', ca: 'pki/root.pem' }))"
  const changed = imports + generatedApp.replace('export const options = {}', options)
  t.match(changed, options)
  project.write({ 'app.js': changed })
  t.teardown(() => { project.write(files) })
  const { code, output } = await project.run(start)
  t.not(code, 0)
  t.match(output, /MTLS_ERR_PLUGIN_ORDER/)
  t.match(output, /registered in an encapsulated plugin; .* With fastify-cli these are app\.js and the files of plugins\/: export default fp\(/)
})

test('a file of plugins/ without fp is encapsulated too', async (t) => {
  const { 'plugins/mtls.js': mtls = '' } = files
  project.write({ 'plugins/mtls.js': mtls.replace("import fp from 'fastify-plugin'", 'const fp = (plugin) => plugin') })
  t.teardown(() => { project.write(files) })
  const { code, output } = await project.run(start)
  t.not(code, 0)
  t.match(output, /MTLS_ERR_PLUGIN_ORDER/)
  t.match(output, /registered in an encapsulated plugin/)
})

test('our plugins themselves in plugins/ get the options of Fastify, and say what to write', async (t) => {
  t.teardown(() => { project.write(files) })
  project.write({ 'plugins/mtls.js': "export { default } from '@peerkit/fastify-mtls'\n" })
  const { output } = await project.run(start)
  t.match(output, /MTLS_ERR_SERVER_OPTION/)
  t.match(output, /found the options of Fastify itself, .* expected a plugin around this one: fp\(/)
  project.write({
    'plugins/mtls.js': "import fastifyMtls from '@peerkit/fastify-mtls'\nimport fp from 'fastify-plugin'\nexport default fp(async (app) => { await app.register(fastifyMtls) })\n",
    'plugins/rules.js': "export { default } from '@peerkit/fastify-allowed-clients'\n"
  })
  const { output: rules } = await project.run(start)
  rmSync(join(project.folder, 'plugins/rules.js'))
  t.match(rules, /MTLS_ERR_ALLOWED_CLIENTS_OPTION/)
  t.match(rules, /found the options of Fastify itself, .* expected a plugin around this one: fp\(/)
})

test('a CommonJS project starts app.mjs', async (t) => {
  const { 'app.js': app = '' } = files
  rmSync(join(project.folder, 'app.js'))
  await project.run('fastify generate cjs && rm -r plugins routes && cp -r cjs/plugins cjs/routes . && npm pkg set type=commonjs')
  project.write({
    'app.mjs': app,
    'plugins/mtls.js': `
      const { fastifyAllowedClients } = require('@peerkit/fastify-allowed-clients')
      const { fastifyMtls } = require('@peerkit/fastify-mtls')
      module.exports = require('fastify-plugin')(async (fastify) => {
        await fastify.register(fastifyMtls)
        await fastify.register(fastifyAllowedClients, { groups: { billing: { ou: 'billing' } } })
      })`,
    'routes/invoices/index.js': `
      module.exports = async (fastify) => {
        fastify.get('/', { config: { allowedClients: 'billing' } }, async (request) => ({ hello: request.peer.commonName }))
      }`
  })
  const server = await project.serve(start.replace('app.js', 'app.mjs'))
  t.teardown(server.stop)
  await checkServer(t, project, server, { unruled: '/example' })
})
