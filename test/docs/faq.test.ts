// The code of docs/faq.md is run: what its answers promise is what happens.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createDevCa } from '@peerkit/dev-ca'
import { test } from 'tap'
import { root } from '../architecture/source-graph.ts'
import { runNode } from './child-run.ts'
import { readFences } from './fences.ts'
import { ScratchFolder } from './scratch-folder.ts'

const fences = readFences(readFileSync(join(root, 'docs/faq.md'), 'utf8'))

test('the code for a partner lets in names of the partner, and refuses our names from the CA of the partner', async (t) => {
  t.same(fences.map(({ info }) => info), ['js'], 'a new block of code needs a test here')
  const [block] = fences
  using scratch = new ScratchFolder()
  const write = (name: string, text: string): void => { writeFileSync(join(scratch.path, name), text) }
  const [own, partner] = [await createDevCa({ name: 'Own CA' }), await createDevCa({ name: 'CA of the partner' })]
  write('own.pem', own.root)
  write('partner.pem', partner.root)
  const clients = {
    ours: await own.issue({ dns: 'orders.own.example' }),
    theirs: await partner.issue({ dns: 'shop.partner.example' }),
    false: await partner.issue({ dns: 'orders.own.example' })
  }
  const ledger = await own.issue({ profile: 'server', cn: 'ledger', ip: '127.0.0.1' })
  for (const [name, { chain, key }] of Object.entries({ ...clients, ledger })) {
    write(`${name}.pem`, chain)
    write(`${name}.key`, key)
  }
  write('faq.mjs', `${IMPORTS}${block!.code}${CALLS}`)
  const { code, output } = await runNode(['faq.mjs'], { cwd: scratch.path })
  t.equal(code, 0, output)
  t.match(output, /^ours: 200\ntheirs: 200\nfalse: MTLS_ERR_\w+\n$/)
})

const IMPORTS = `
import { fileCredentials } from '@peerkit/credentials'
import fastifyAllowedClients from '@peerkit/fastify-allowed-clients'
import fastifyMtls, { withMtls } from '@peerkit/fastify-mtls'
import { MtlsAgent } from '@peerkit/undici-mtls'
import Fastify from 'fastify'
`

/** Each client calls a server that has the credentials of the block. */
const CALLS = `
const app = Fastify(withMtls(credentials))
await app.register(fastifyMtls)
await app.register(fastifyAllowedClients)
app.get('/', { config: { allowedClients: 'authenticated' } }, async () => 'ok')
const origin = await app.listen({ host: '127.0.0.1', port: 0 })
for (const name of ['ours', 'theirs', 'false']) {
  const own = await fileCredentials({ cert: \`\${name}.pem\`, key: \`\${name}.key\`, ca: 'own.pem' })
  const agent = new MtlsAgent({ credentials: own })
  const answer = await agent.fetch(origin).then(({ status }) => status, ({ cause }) => cause.code)
  console.log(\`\${name}: \${answer}\`)
  await agent.destroy()
  await own.close()
}
await app.close()
await credentials.close()
`
