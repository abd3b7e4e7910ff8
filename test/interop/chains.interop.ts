// Real clients, each with four chains, without and with revocation, before one server, two workers and a restarted one:
// twenty calls, each on a new connection, with the sessions that the client resumes by itself. The table of
// docs/clients.md is what this file measures; `--write` puts it there. PEERKIT_NODE names the Node of the servers.
import t, { test } from 'tap'
import { findClients } from './chains/clients.ts'
import { measure } from './chains/measure.ts'
import type { Measured } from './chains/measure.ts'
import { CALLS, cellsOf, resumesHere, trusts } from './chains/plan.ts'
import { readTable, renderTable, writeTable } from './chains/table.ts'
import { folder, startWorld } from './chains/world.ts'

// More than tap's limit for a file, for a machine under load.
t.setTimeout(900_000)

const clients = findClients(folder)
const world = await startWorld(clients.map(({ name }) => name))
const measured: Measured[] = []

for (const { name, start } of clients) {
  test(`${name} is answered each time, and resumes with every worker that can tell who it is`, async (t) => {
    // Both kinds of trust at once: they share no app, and some clients do nothing but wait.
    const results = await Promise.all(trusts.map(async (trust) => await measure(world, start(), cellsOf(name, trust))))
    const cells = results.flat()
    const resumes = cells.some(({ server, chain, resumed }) => server === 'one' && chain === 'direct' && resumed > 0)
    for (const result of cells) {
      const title = `${result.server}, ${result.chain}, ${result.trust}`
      t.same(result.words, Array(CALLS).fill('200'), `${title}: answered`, result)
      t.ok(result.connections >= CALLS, `${title}: each call has a connection of its own`, result)
      if (resumesHere(result)) t.equal(result.resumed > 0, resumes, `${title}: sessions are resumed as ever`, result)
      measured.push(result)
    }
  })
}

test('docs/clients.md shows what was measured', async (t) => {
  const table = renderTable(measured)
  t.comment(`\n${table}`)
  if (process.argv.includes('--write')) writeTable(table)
  t.equal(readTable(), table)
})

test('the workers stop', async (t) => {
  await t.resolves(world.close())
})
