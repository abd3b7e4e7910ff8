// SPIRE set up otherwise: a nested server, an authority from disk, other keys, other databases.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'tap'
import { createDevCa } from '@peerkit/dev-ca'
import type { KeyType } from '@peerkit/dev-ca'
import { callEachOther } from './spire/call-each-other.ts'
import { makeFolder, startSpire } from './spire/world.ts'
import type { SpireOptions } from './spire/world.ts'

test('nested: a server below another one, and workloads of both', { timeout: 300_000 }, async (t) => {
  const upper = await startSpire(t, { ttl: '20s' })
  await upper.server.register('/downstream', { downstream: true, ttl: 3_600 })
  // The server below is a workload of the agent above.
  const lower = await startSpire(t, {
    ttl: '20s',
    plugins: {
      UpstreamAuthority: `UpstreamAuthority "spire" {
    plugin_data { server_address = "127.0.0.1" server_port = ${upper.server.port} workload_api_socket = "${upper.agent.socket}" }
  }`
    }
  })
  t.equal(await callEachOther(t, lower, upper), 2)
})

for (const key of ['ec-p256', 'ec-p384', 'rsa-2048'] satisfies KeyType[]) {
  test(`an authority from disk: an intermediate of our own CA, ${key}`, { timeout: 300_000 }, async (t) => {
    const folder = makeFolder(t)
    const root = await createDevCa({ name: 'Company Root', key })
    const intermediate = await root.intermediate({ name: 'Company SPIRE', key, pathLength: 1 })
    for (const [name, text] of Object.entries({ 'upstream.pem': intermediate.chain, 'upstream.key': intermediate.key, 'root.pem': root.root })) writeFileSync(join(folder, name), text)
    const spire = await startSpire(t, {
      ttl: '20s',
      settings: `ca_key_type = "${key}"`,
      plugins: {
        UpstreamAuthority: `UpstreamAuthority "disk" {
    plugin_data { cert_file_path = "${folder}/upstream.pem" key_file_path = "${folder}/upstream.key" bundle_file_path = "${folder}/root.pem" }
  }`
      }
    })
    t.equal(await callEachOther(t, spire), 3)
  })
}

const SETUPS: Readonly<Record<string, SpireOptions>> = {
  'a database in memory': {
    plugins: { DataStore: 'DataStore "sql" { plugin_data { database_type = "sqlite3" connection_string = "file:peerkit?mode=memory&cache=shared" } }' }
  },
  'RSA: of the CA, and of the workloads': { settings: 'ca_key_type = "rsa-4096"', agentSettings: 'workload_x509_svid_key_type = "rsa-2048"' },
  'EC P-384 of the CA': { settings: 'ca_key_type = "ec-p384"' },
  'a subject of its own': { settings: 'ca_subject = { country = ["DE"], organization = ["Müller, Söhne & Co;KG"], common_name = "ledger" }' }
}

for (const [name, options] of Object.entries(SETUPS)) {
  test(name, { timeout: 300_000 }, async (t) => {
    t.equal(await callEachOther(t, await startSpire(t, { ttl: '20s', ...options })), 1)
  })
}
