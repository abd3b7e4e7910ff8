// Node's permission model: the documented flags, and what a user sees without each of them.
import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createDevCa } from '@peerkit/dev-ca'
import { test } from 'tap'
import { run } from '../packed/pack.ts'
import { ask } from './ask.ts'
import { checkServer } from './check-server.ts'
import { readHost } from './documented.ts'
import { makeProject } from './host-project.ts'
import { pin } from './versions.ts'

const { commands: [start = '', withNetwork = ''] } = readHost('node --permission')
const { files } = readHost('esbuild')
const project = await makeProject({ packages: ['fastify'], manifest: { type: 'module', allowScripts: { node: true } } })
project.write(files)
// Its script of installation puts the binary into its place.
await run('npm', ['install', '--no-save', '--no-audit', '--no-fund', '--prefer-offline', pin('node')], { cwd: project.folder })
const newest = join(project.folder, 'node_modules/node/bin/node')
const nodes = { 'the Node of the repository': process.execPath, 'the oldest Node': process.env['PEERKIT_NODE'] ?? process.execPath }

for (const [name, node] of Object.entries(nodes)) {
  test(`${name}: the folder of the app is enough, and nothing is warned of`, async (t) => {
    const server = await project.serve(start, { node })
    t.teardown(server.stop)
    await checkServer(t, project, server)
    t.notMatch(server.output(), /PEERKIT_WATCH_FAILED/)
  })
}

test('Node 26 asks for the network too', async (t) => {
  const server = await project.serve(withNetwork, { node: newest })
  t.teardown(server.stop)
  await checkServer(t, project, server)
  const { code, output } = await project.run(start, { node: newest })
  t.not(code, 0)
  t.match(output, /ERR_ACCESS_DENIED/)
})

test('without the right to read, Node says which flag is missing', async (t) => {
  const { code, output } = await project.run('node --permission server.js')
  t.not(code, 0)
  t.match(output, /Access to this API has been restricted\. Use --allow-fs-read to manage permissions\./)
})

test('without the right to read the certificates, the error names the file', async (t) => {
  const { code, output } = await project.run('node --permission --allow-fs-read=$PWD/node_modules --allow-fs-read=$PWD/server.js --allow-fs-read=$PWD/package.json server.js')
  t.not(code, 0)
  t.match(output, /MTLS_ERR_CREDENTIALS_UNAVAILABLE/)
  t.match(output, /\/ledger\.(pem|key)\): found ERR_ACCESS_DENIED/)
  t.match(output, /\[cause\]: Error: Access to this API has been restricted\. Use --allow-fs-read/)
})

test('certificates are replaced while it runs, with their folder granted or as single files', async (t) => {
  const certs = join(project.folder, '..', `${project.folder.split('/').at(-1) ?? ''}-certs`)
  mkdirSync(certs)
  t.teardown(async () => { await run('rm', ['-r', certs]) })
  const ca = await createDevCa()
  const write = async (cn: string): Promise<void> => {
    const { chain, key } = await ca.issue({ cn, dns: 'localhost' })
    for (const [name, text] of Object.entries({ 'ca.pem': ca.root, 'server.pem': chain + key })) {
      writeFileSync(join(certs, `${name}.new`), text)
      renameSync(join(certs, `${name}.new`), join(certs, name))
    }
  }
  const { 'server.js': server = '' } = files
  const from = server.replace(/fileCredentials\(.*\)/, `fileCredentials({ cert: '${certs}/server.pem', key: '${certs}/server.pem', ca: '${certs}/ca.pem' })`)
  project.write({ 'elsewhere.js': `${from}\ncredentials.subscribe(({ type }) => { console.log(type, credentials.current.identity.commonName) })\n` })
  const client = await ca.issue({ cn: 'alice', ou: 'billing' })
  for (const [granted, warned] of [[certs, false], [`${certs}/server.pem" --allow-fs-read="${certs}/ca.pem`, true]] as const) {
    await write('first')
    const started = await project.serve(`node --permission --allow-fs-read="$PWD" --allow-fs-read="${granted}" elsewhere.js`)
    t.teardown(started.stop)
    t.equal(started.output().includes('PEERKIT_WATCH_FAILED'), warned)
    await write('second')
    await started.said(/rotated second/)
    t.equal(await ask({ port: started.port, ca: ca.root, client, path: '/invoices' }), '200 {"hello":"alice"}')
  }
})
