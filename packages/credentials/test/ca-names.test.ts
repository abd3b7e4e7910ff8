import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { connect, createServer } from 'node:tls'
import { test } from 'tap'
import { createDevCa } from '@peerkit/dev-ca'
import { fileCredentials, memoryCredentials, memoryTrust, providerCredentials, secureContextOptions } from '../src/index.ts'
import { makeFolder } from './support/world.ts'
import { writeFile } from 'node:fs/promises'

const ca = await createDevCa()
const leaf = await ca.issue({ cn: 'leaf', dns: 'localhost' })
const many = (await Promise.all(Array.from({ length: 620 }, async (_, index) => {
  return (await createDevCa({ name: `A certification authority with a long name ${String(index).padStart(20, '0')}` })).root
}))).join('')
const base = { cert: leaf.chain, key: leaf.key, ca: ca.root + many }
const refusal = { code: 'MTLS_ERR_CREDENTIALS_REFUSED', reason: 'unusable', message: /ca.*: found 621 CA certificates whose names have [0-9]+ bytes; expected at most 64000, .*sendCaNames: false/ }

test('refuses more CA names than a handshake holds, and keeps what is in use', async (t) => {
  t.throws(() => memoryCredentials(base), refusal)
  t.throws(() => memoryCredentials({ ...base, use: 'server' }), refusal)
  await t.rejects(providerCredentials(() => base), refusal)
  const source = memoryCredentials({ ...base, ca: ca.root })
  t.throws(() => source.update({ ca: base.ca }), refusal)
  t.equal(source.current.generation, 1)
  const { paths, folder } = await makeFolder(t)
  await writeFile(`${folder}/many.pem`, base.ca)
  await t.rejects(fileCredentials({ ...paths, ca: `${folder}/many.pem` }), { ...refusal, message: /ca \(.*many\.pem\): found 621/ })
})

test('counts the CAs of clients and the intermediates, of all authorities together', async (t) => {
  const half = many.split(/(?<=END CERTIFICATE-----\n)/).slice(0, 310).join('')
  const rest = many.slice(half.length)
  const authorities = (use: 'servers' | 'both') => ({ one: { ca: ca.root + half, names: 'any' as const }, two: { ca: rest, names: 'any' as const, for: use } })
  const own = { cert: leaf.chain, key: leaf.key }
  t.equal(memoryCredentials({ ...own, authorities: authorities('servers') }).current.anchors.length, 621)
  t.throws(() => memoryCredentials({ ...own, authorities: authorities('both') }), { ...refusal, message: /authorities\.one\.ca, authorities\.two\.ca: found 621/ })
})

test('does not matter to clients, and to a trust without a key', async (t) => {
  t.equal(memoryCredentials({ ...base, use: 'client' }).current.anchors.length, 621)
  t.equal(memoryTrust({ ca: base.ca }).current.anchors.length, 621)
})

for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
  test(`without CA names, every handshake works: ${version}`, async (t) => {
    const { current } = memoryCredentials({ ...base, sendCaNames: false })
    t.equal(current.sendCaNames, false)
    const server = createServer({ ...secureContextOptions(current, 'clients'), requestCert: true, minVersion: version, maxVersion: version })
    server.listen(0, 'localhost')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const connected = once(server, 'secureConnection')
    const client = connect({ port, host: 'localhost', cert: leaf.chain, key: leaf.key, ca: ca.root })
    const [socket] = await connected
    t.equal(socket.authorized, true)
    client.destroy()
    socket.destroy()
    server.close()
    await once(server, 'close')
  })
}

test('a server sends the names unless told otherwise', async (t) => {
  const given = { ...base, ca: ca.root }
  t.notOk('secureOptions' in secureContextOptions(memoryCredentials(given).current))
  t.equal(memoryCredentials(given).current.sendCaNames, true)
  t.notOk('secureOptions' in secureContextOptions(memoryCredentials({ ...given, sendCaNames: false }).current, 'servers'))
  t.throws(() => memoryCredentials({ ...given, sendCaNames: 'no' as never }), { code: 'MTLS_ERR_CREDENTIALS_OPTION', message: /sendCaNames is "no"; expected true or false/ })
})
