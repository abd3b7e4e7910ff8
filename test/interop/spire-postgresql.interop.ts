// SPIRE with its data in PostgreSQL, which goes away and comes back.
import { execFileSync } from 'node:child_process'
import { chownSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'tap'
import { freePort, startProgram } from '@peerkit/example-spire'
import type { Program } from '@peerkit/example-spire'
import { requireTool } from './require-tool.ts'
import { callEachOther } from './spire/call-each-other.ts'
import { comesTo } from './spire/changes.ts'
import { makeFolder, startSpire } from './spire/world.ts'

const tools = { initdb: requireTool('initdb'), postgres: requireTool('postgres') }

// PostgreSQL does not run as root: then as the user `nobody`.
const user = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {}

test('PostgreSQL', { timeout: 300_000 }, async (t) => {
  const folder = join(makeFolder(t), 'database')
  mkdirSync(folder)
  if (user.uid !== undefined) chownSync(folder, user.uid, user.gid)
  execFileSync(tools.initdb, ['-D', folder, '-A', 'trust', '-U', 'spire', '--no-sync'], { cwd: folder, stdio: 'pipe', ...user })
  const port = await freePort()
  let database: Program | undefined
  const start = async (): Promise<void> => {
    // It prints this in English, whatever the language of the machine.
    database = await startProgram(tools.postgres, ['-D', folder, '-p', String(port), '-k', '', '-h', '127.0.0.1', '-c', 'lc_messages=C'], /ready to accept connections/, { cwd: folder, ...user })
  }
  await start()
  t.teardown(async () => { await database?.kill() })
  const spire = await startSpire(t, {
    ttl: '20s',
    plugins: {
      DataStore: `DataStore "sql" {
    plugin_data { database_type = "postgres" connection_string = "host=127.0.0.1 port=${port} user=spire dbname=postgres sslmode=disable" }
  }`
    }
  })
  t.equal(await callEachOther(t, spire), 1)

  await t.test('it is killed and started again: certificates are renewed as before', async (t) => {
    const ledger = await spire.credentials('/ledger')
    const before = ledger.current
    await database?.kill()
    await start()
    await comesTo(ledger, ({ notAfter }) => notAfter > before.notAfter)
    t.equal(ledger.current.identity.spiffeId, 'spiffe://prod.example/ledger')
  })
})
