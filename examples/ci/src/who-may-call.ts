// Starts the app, and calls it with each certificate. It fails if an answer is not the expected one.
import { readFileSync } from 'node:fs'
import { request } from 'node:https'
import type { AddressInfo } from 'node:net'
import { buildApp } from './app.ts'

const EXPECTED: ReadonlyArray<readonly [client: string, method: string, path: string, answer: string]> = [
  ['alice', 'GET', '/invoices', '200'],
  ['audrey', 'GET', '/invoices', '200'],
  ['mallory', 'GET', '/invoices', '403'],
  ['nobody', 'GET', '/invoices', 'refused'],
  ['alice', 'DELETE', '/invoices/7', '403'],
  ['audrey', 'DELETE', '/invoices/7', '204'],
  ['audrey', 'GET', '/no-such-route', '403']
]

const app = await buildApp()
await app.listen({ host: 'localhost', port: 0 })
const { port } = app.server.address() as AddressInfo
const ca = readFileSync('pki/root.pem')

async function ask (client: string, method: string, path: string): Promise<string> {
  const certificate = client === 'nobody'
    ? {}
    : { cert: readFileSync(`${client}.pem`), key: readFileSync(`${client}.key`) }
  return await new Promise((resolve, reject) => {
    const call = request({ host: 'localhost', port, method, path, ca, agent: false, ...certificate }, (response) => {
      response.resume()
      resolve(String(response.statusCode))
    })
    call.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNRESET') resolve('refused')
      else reject(error)
    })
    call.end()
  })
}

// A route that the table forgets is a hole in the test.
const tested = new Set(EXPECTED.map(([, method, path]) => `${method} ${path.replace(/\d+/, ':number')}`))
const forgotten = app.mtls.routes().flatMap(({ methods, url }) => methods.map((method) => `${method} ${url}`))
  .filter((route) => !route.startsWith('HEAD ') && !tested.has(route))
for (const route of forgotten) console.log(`FAIL ${route}: no client is tested`)

let failed = forgotten.length > 0
for (const [client, method, path, expected] of EXPECTED) {
  const found = await ask(client, method, path)
  const isExpected = found === expected
  console.log(`${isExpected ? 'ok  ' : 'FAIL'} ${client}, ${method} ${path}: ${found}, expected ${expected}`)
  failed ||= !isExpected
}
await app.close()
process.exitCode = failed ? 1 : 0
