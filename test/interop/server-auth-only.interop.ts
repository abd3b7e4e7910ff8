// What servers make of a client certificate that is for servers alone, as public CAs issue them since 2026. Each server
// demands a certificate and is shown four: for servers, and as a control for clients, each below an intermediate that
// names no purposes and below one for servers alone. The table of docs/several-cas-decisions.md is what this file measures;
// `--write` puts it there. The chains are of our own CA: the Pebble of Debian 12 (2.4.0) still issues for both purposes.
import { setImmediate } from 'node:timers/promises'
import { test } from 'tap'
import { findTool } from './require-tool.ts'
import { call } from './server-auth-only/call.ts'
import type { Verdict } from './server-auth-only/call.ts'
import { servers } from './server-auth-only/servers.ts'
import { readTable, renderRow, renderTable, writeTable } from './server-auth-only/table.ts'
import type { Measured } from './server-auth-only/table.ts'
import { clients, kinds } from './server-auth-only/world.ts'
import type { ClientKind } from './server-auth-only/world.ts'

const measured: Measured[] = []

for (const server of servers) {
  test(server.name, async (t) => {
    const missing = server.needs.filter((name) => findTool(name) === undefined)
    if (missing.length > 0) {
      const message = `${missing.join(', ')} is not installed: ${server.name} was not asked`
      if (process.env['PEERKIT_INTEROP_STRICT'] === '1') throw new Error(message)
      console.error(`skipped: ${message}`)
      t.plan(0, message)
      return
    }
    const running = await server.start()
    t.teardown(running.close)
    const verdicts = new Map<ClientKind, Verdict>()
    for (const kind of kinds) {
      const before = running.log().length
      const verdict = await call(running.port, clients[kind])
      t.equal(verdict, server.verdicts[kind], kind, { log: running.log().slice(before) })
      verdicts.set(kind, verdict)
      // Why it was refused comes by another way than the answer.
      if (kind.startsWith('server')) while (!running.log().slice(before).includes(server.says)) await setImmediate()
    }
    measured.push({ server, verdicts })
  })
}

test('docs/several-cas-decisions.md shows what was measured', async (t) => {
  const table = renderTable(measured)
  t.comment(`\n${table}`)
  const isWhole = measured.length === servers.length
  if (process.argv.includes('--write') && isWhole) writeTable(table)
  const shown = readTable()
  if (isWhole) t.equal(shown, table)
  for (const each of measured) t.ok(shown.includes(renderRow(each)), each.server.name)
})
