// certbot as the writer of the files that `fileCredentials` reads, against Pebble.
import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { test } from 'tap'
import { fileCredentials } from '@peerkit/credentials'
import { startWorld } from './acme/world.ts'
import { requireTool } from './require-tool.ts'
import { nextChange } from './spire/changes.ts'

const certbot = requireTool('certbot')
const run = promisify(execFile)

test('certbot writes the files, and its renewal is a rotation', { timeout: 180_000 }, async (t) => {
  const { pebble, httpPort } = await startWorld(t)
  const folder = t.testdir({})
  const path = (name: string): string => join(folder, name)
  writeFileSync(path('pebble-ca.pem'), pebble.ca)
  writeFileSync(path('root.pem'), pebble.root)
  const folders = ['config', 'work', 'logs'].flatMap((name) => [`--${name}-dir`, path(name)])
  const certify = async (...args: readonly string[]): Promise<void> => {
    await run(certbot, [...args, ...folders, '--non-interactive', '--http-01-port', String(httpPort)], {
      env: { ...process.env, REQUESTS_CA_BUNDLE: path('pebble-ca.pem') }
    })
  }
  await certify(
    'certonly', '--standalone', '--server', pebble.directory, '--domain', 'ledger.example', '--agree-tos', '--register-unsafely-without-email'
  )
  const live = path('config/live/ledger.example')
  const credentials = await fileCredentials({ cert: join(live, 'fullchain.pem'), key: join(live, 'privkey.pem'), ca: path('root.pem'), chain: 'required' })
  t.teardown(async () => { await credentials.close() })
  const { identity } = credentials.current
  t.same(identity.subjectAltNames?.dns, ['ledger.example'])
  const rotated = nextChange(credentials, 'rotated')
  await certify('renew', '--force-renewal', '--no-random-sleep-on-renew')
  await rotated
  t.not(credentials.current.identity.serialNumber, identity.serialNumber)
  t.same(credentials.current.warnings, [])
})
