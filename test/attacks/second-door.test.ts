import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'tap'
import { WAYS, dial, present } from './support/dial.ts'
import type { DialOptions } from './support/dial.ts'
import { issueClient, issueServer, makeIntermediate, makeRoot } from './support/forger.ts'
import { spawnWorker } from './support/spawn.ts'

const [root, foreign] = [makeRoot('Ours'), makeRoot('Foreign')]
const [own, tenant] = [issueServer(root), issueServer(root)]
const material = { cert: own.pem, key: own.keyPem, ca: root.pem }
const pair = { cert: tenant.pem, key: tenant.keyPem }
const foreignIssuing = makeIntermediate(foreign, 'Issuing')
const ours = present(issueClient(root, 'ours'))
const strangers = {
  'of a foreign CA': present(issueClient(foreign, 'stranger')),
  'below a CA of a foreign one': present(issueClient(foreignIssuing, 'below'), foreignIssuing)
}

/** What somebody does to the server by hand before it listens, and whom Node then takes for the CAs of clients. */
const DOORS: ReadonlyArray<readonly [what: string, contexts: unknown[], isPublic: boolean]> = [
  ['addContext() with a foreign CA', [['addContext', 'tenant.test', { ...pair, ca: foreign.pem }]], false],
  [
    'addContext() with a foreign CA beside ours',
    [['addContext', 'tenant.test', { ...pair, ca: [root.pem, foreign.pem] }]],
    false
  ],
  ['addContext() without a CA, which trusts the public ones', [['addContext', 'tenant.test', pair]], true],
  ['addContext() for every name', [['addContext', '*.test', { ...pair, ca: foreign.pem }]], false],
  ['setSecureContext() with a foreign CA', [['setSecureContext', { ...pair, ca: foreign.pem }]], false],
  ['setSecureContext() without a CA, which trusts the public ones', [['setSecureContext', pair]], true]
]

for (const [what, contexts, isPublic] of DOORS) {
  test(`${what} lets nobody in whom the credentials do not`, async (t) => {
    // Stands for a public CA.
    const file = join(t.testdir(), 'public.pem')
    writeFileSync(file, foreign.pem)
    const worker = await spawnWorker(
      t, { role: 'server', material, contexts }, isPublic ? { NODE_EXTRA_CA_CERTS: file } : {}
    )
    const { port, refusal } = worker.started
    if (refusal !== undefined) {
      t.match(refusal.code, /^MTLS_ERR_/, 'refused with a named error')
      t.match(refusal.message, /addContext|setSecureContext/, 'and by name')
    }
    for (const way of WAYS.filter(({ alpn }) => alpn === false)) {
      const ask = async (
        client: { cert: string, key: string }, options: Omit<DialOptions, 'port'>
      ): Promise<number | undefined> => {
        const connection = await dial(client, { port, ...way, ...options })
        const { status } = await connection.ask()
        await connection.close()
        return status
      }
      for (const servername of ['localhost', 'tenant.test', '']) {
        for (const [who, client] of Object.entries(strangers)) {
          t.equal(
            await ask(client, { tls: { servername } }),
            undefined,
            `${way.version}, ${servername || 'no name'}: a client ${who}`
          )
        }
      }
      if (refusal !== undefined) t.equal(await ask(ours, {}), 200, 'what was in force stays')
    }
  })
}

test('a session that a second door gave does not open the first', async (t) => {
  const contexts = [['addContext', 'tenant.test', { ...pair, ca: foreign.pem }]]
  const { started: { port } } = await spawnWorker(
    t, { role: 'server', material, contexts, settings: { ticketSecret: '07'.repeat(32) } }
  )
  for (const way of WAYS.filter(({ alpn }) => alpn === false)) {
    const first = await dial(strangers['of a foreign CA'], { port, ...way, tls: { servername: 'tenant.test' } })
    await first.ask()
    const second = await dial(strangers['of a foreign CA'], { port, ...way, session: first.session })
    t.equal((await second.ask()).status, undefined)
    for (const connection of [first, second]) await connection.close()
  }
})
