// Bun, with the packages in node_modules: what docs/hosts.md says of it.
import { globSync } from 'node:fs'
import { test } from 'tap'
import { readHost } from './documented.ts'
import { makeProject } from './host-project.ts'

const { files, commands: [start = ''] } = readHost('Bun')
const { files: served } = readHost('esbuild')
const project = await makeProject({ packages: ['fastify', 'bun'], manifest: { type: 'module' } })
project.write({ ...files, ...served })
// Its script of installation, which is left out, would link the binary of this machine.
const [bun = 'bun'] = globSync('node_modules/@oven/*/bin/bun', { cwd: project.folder })

test('an app behind a gateway', async (t) => {
  const server = await project.serve(start.replace(/^bun /, `${bun} `))
  t.teardown(server.stop)
  const ask = async (headers: Record<string, string>): Promise<string> => {
    const response = await fetch(`http://127.0.0.1:${server.port}`, { headers })
    return `${response.status} ${await response.text()}`
  }
  const alice = encodeURIComponent(project.alice.cert)
  t.equal(await ask({ 'ssl-client-verify': 'SUCCESS', 'ssl-client-cert': alice }), '200 {"hello":"alice"}')
  t.match(await ask({ 'ssl-client-verify': 'FAILED:expired', 'ssl-client-cert': alice }), /^401 .*MTLS_ERR_FORWARDED_REFUSED/)
  t.match(await ask({}), /^401 .*MTLS_ERR_PEER_MISSING/)
})

test('an app of its own says at once that it cannot run there, and what to do', async (t) => {
  const { code, output } = await project.run(`${bun} server.js`)
  t.not(code, 0)
  t.match(output, /servers of Bun \d[^]*have no setSecureContext\(\)[^]*run the service with Node 22\.19 or later/)
})
