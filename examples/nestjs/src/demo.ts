// Makes certificates for a run, starts the app, and calls it as several clients.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createDevCa, storeCertificate, type IssuedCertificate } from '@peerkit/dev-ca'
import { start } from './main.js'

async function main (): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'peerkit-example-'))
  process.chdir(folder)
  const ca = await createDevCa()
  await writeFile('root.pem', ca.root)
  await storeCertificate(await ca.issue({ profile: 'server', dns: 'localhost', cn: 'ledger' }), 'ledger')
  const client = async (cn: string, ou: string): Promise<IssuedCertificate> => {
    return await ca.issue({ profile: 'client', cn, ou })
  }
  const alice = await client('alice', 'billing')
  const app = await start()
  const { port } = new URL(await app.getUrl())
  const ask = async (method: string, path: string, by?: IssuedCertificate): Promise<string> => {
    const presented = by === undefined ? {} : { cert: by.chain, key: by.key }
    return await new Promise((resolve) => {
      const options = { host: 'localhost', port, method, path, ca: ca.root, agent: false, ...presented }
      const call = request(options, (response) => {
        let body = ''
        response.on('data', (chunk) => { body += String(chunk) })
        response.on('end', () => { resolve(`${response.statusCode} ${body}`) })
      })
      call.on('error', (error: NodeJS.ErrnoException) => { resolve(`refused (${error.code})`) })
      call.end()
    })
  }
  const show = async (
    who: string, method: string, path: string, by: IssuedCertificate | undefined, expected: RegExp
  ): Promise<void> => {
    const found = await ask(method, path, by)
    console.log(`${expected.test(found) ? 'ok  ' : 'FAIL'} ${who}, ${method} ${path}: ${found}`)
    if (!expected.test(found)) process.exitCode = 1
  }
  const night = await client('night-shift', 'billing')
  await show('alice of billing', 'GET', '/api/v1/invoices', alice, /^200 \{"hello":"alice"\}/)
  await show('alice of billing', 'DELETE', '/api/v1/invoices/7', alice, /^403/)
  await show('an auditor', 'DELETE', '/api/v1/invoices/7', await client('audrey', 'audit'), /^200 \{"removed":7\}/)
  await show('an intern', 'GET', '/api/v1/invoices', await client('ivo', 'interns'), /^403/)
  await show('night-shift of billing', 'GET', '/api/v1/invoices', night, /^403 .*Forbidden/)
  await show('alice of billing', 'GET', '/api/notes', alice, /^403/)
  await show('nobody', 'GET', '/api/v1/invoices', undefined, /^refused/)
  await app.close()
  await rm(folder, { recursive: true })
}

main().catch((error) => { console.error(error); process.exit(1) })
