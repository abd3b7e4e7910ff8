import type { Language } from './language.ts'

/** The app with its routes. Who may call them is in the rules file. */
export function makeApp ({ typed }: Language): string {
  return `import { join } from 'node:path'
${typed("import type { CredentialSource } from '@peerkit/credentials'\n")}\
import fastifyAllowedClients from '@peerkit/fastify-allowed-clients'
import fastifyMtls, { withMtls } from '@peerkit/fastify-mtls'
import Fastify from 'fastify'

/** Makes the app. It does not listen yet. Who may call which route is in rules.yaml. */
export async function buildApp (credentials${typed(': CredentialSource')}, { logger = true } = {}) {
  const app = Fastify(withMtls(credentials, { logger }))
  await app.register(fastifyMtls, { closeCredentials: true })
  await app.register(fastifyAllowedClients, { file: join(import.meta.dirname, 'rules.yaml') })

  app.get('/invoices', async ({ peer }) => ({ hello: peer.commonName, invoices: [] }))
  app.get('/whoami', async ({ peer }) => ({ peer: String(peer) }))

  return app
}
`
}

/** The program that listens. */
export function makeServer ({ extension, typed }: Language): string {
  return `import { fileCredentials } from '@peerkit/credentials'
import { buildApp } from './app.${extension}'

const port = readPort(process.env.PORT ?? '8443')
// The files are watched: what "npm run certs" writes is in force without a restart.
const credentials = await fileCredentials({
  cert: 'pki/server.pem', key: 'pki/server.key', ca: 'pki/root.pem', crl: 'pki/crl.pem'
})
const app = await buildApp(credentials)

for (const signal of ['SIGINT', 'SIGTERM']${typed(' as const')}) {
  process.once(signal, () => { app.close() })
}
await app.listen({ host: 'localhost', port })

function readPort (text${typed(': string')})${typed(': number')} {
  if (/^\\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text)
  // Node's own message would not name the variable.
  throw new Error(\`The environment variable PORT is \${JSON.stringify(text)}; expected a number from 0 to 65535\`)
}
`
}

/** Who may call which route. */
export const RULES = `# Who may call which route. A changed file is in force with the next request.
# A route without a rule answers nobody. "npm run rules" looks for mistakes.
groups:
  billing: { ou: billing }
routes:
  GET /invoices: billing
  GET /whoami: authenticated
`
