import { createServer } from 'node:https'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { connect } from 'node:tls'
import { test } from 'tap'
import { memoryCredentials } from '@peerkit/credentials'
import { dial, present } from './support/dial.ts'
import type { Presented, Version } from './support/dial.ts'
import { issueClient, issueServer, makeIntermediate, makeKey, makeRoot } from './support/forger.ts'
import { KINDS } from './support/kinds.ts'
import { serveNode } from './support/serve.ts'
import { spawnWorker } from './support/spawn.ts'
import type { Worker } from './support/spawn.ts'

const root = makeRoot('Trusted')
const own = issueServer(root)
const honest = present(issueClient(root, 'honest'))
const material = { cert: own.pem, key: own.keyPem, ca: root.pem }

const BOTH: readonly Version[] = ['TLSv1.2', 'TLSv1.3']
const LATEST: readonly Version[] = ['TLSv1.3']
/** For each kind of key, who has it: the leaf itself, or the CA above it. */
const strange = makeRoot('Strange')
const parties = KINDS.flatMap((kind) => {
  const key = makeKey(kind)
  const above = makeRoot(`${kind} root`, { key })
  return [
    // What a CA's key is has nothing to do with the version of TLS; what a leaf's key is has.
    {
      what: `${kind}, CA`,
      versions: LATEST,
      root: above,
      client: present(issueClient(above, kind), above),
      server: present(issueServer(above), above)
    },
    {
      what: `${kind}, leaf`,
      versions: BOTH,
      root: strange,
      client: present(issueClient(strange, kind, { key }), strange),
      server: present(issueServer(strange, { key }), strange)
    }
  ]
})
/** Credentials take no CA with a weak key. */
const isTaken = (ca: string): boolean => {
  try {
    memoryCredentials({ ...material, ca })
    return true
  } catch {
    return false
  }
}
const everyRoot = [root.pem, ...new Set(parties.map((party) => party.root.pem))].filter(isTaken)

/**
 * The status that a client gets: undefined where the server hangs up, or where OpenSSL does not send such a
 * certificate at all.
 */
async function reach (port: number, presented: Presented, version: Version): Promise<number | undefined> {
  try {
    const connection = await dial(presented, { port, version })
    const { status } = await connection.ask()
    await connection.close()
    return status
  } catch {
    return undefined
  }
}

test('there is a key of every kind', async (t) => {
  const usual = ['prime256v1', 'secp256k1', 'brainpoolP256r1', 'rsa', 'rsa-pss', 'ed25519', 'ed448']
  t.strictSame(usual.filter((kind) => !KINDS.includes(kind)), [])
  t.equal(KINDS.includes('ml-dsa-65'), !process.version.startsWith('v22.'), 'ML-DSA came with Node 24')
})

test('a stranger with any kind of key is refused, and the process lives', async (t) => {
  const { started: { port }, tell } = await spawnWorker(t, { role: 'server', material })
  const wrong: string[] = []
  for (const { what, versions, client } of parties) {
    for (const version of versions) {
      const status = await reach(port, client, version)
      if (status !== undefined) wrong.push(`${what}, ${version}: ${status}`)
    }
    const { died } = await tell({})
    if (died === undefined) continue
    wrong.push(`${what}: the process died of ${died}`)
    break
  }
  t.equal(await reach(port, honest, 'TLSv1.3'), 200)
  t.strictSame(wrong, [])
})

test('a trusted client with any kind of key is served where OpenSSL takes it, and the process lives', async (t) => {
  const { started: { port }, tell } = await spawnWorker(t, { role: 'server', material: { ...material, ca: everyRoot } })
  const plain = createServer(
    { ...material, ca: everyRoot, requestCert: true },
    (_request, response) => { response.setHeader('content-length', 2).end('{}') }
  )
  plain.on('tlsClientError', () => {})
  plain.listen(0, '127.0.0.1')
  await once(plain, 'listening')
  t.teardown(() => { plain.close() })
  const wrong: string[] = []
  let served = 0
  for (const { what, versions, client } of parties) {
    for (const version of versions) {
      const expected = await reach((plain.address() as AddressInfo).port, client, version)
      const found = await reach(port, client, version)
      if (found !== expected) wrong.push(`${what}, ${version}: ${String(found)}, and by node:https ${String(expected)}`)
      served += Number(found === 200)
    }
    const { died } = await tell({})
    if (died === undefined) continue
    wrong.push(`${what}: the process died of ${died}`)
    break
  }
  t.strictSame(wrong, [])
  t.ok(served > 20, `${served} were served`)
})

/** Whether OpenSSL takes a server; Node's own look at its certificate, which is fatal for some, is left out. */
async function accepts (port: number): Promise<boolean> {
  const socket = connect(
    { host: '127.0.0.1', port, ca: everyRoot, servername: 'localhost', checkServerIdentity: () => undefined }
  )
  socket.getPeerCertificate = () => ({}) as any
  socket.on('error', () => {})
  const accepted = await Promise.race([
    once(socket, 'secureConnect').then(() => true, () => false),
    once(socket, 'close').then(() => false, () => false)
  ])
  socket.destroy()
  return accepted
}

for (const [who, ca] of [['a strange', root.pem], ['a trusted', everyRoot]] as const) {
  test(`${who} server with any kind of key is told from the others, and the process that calls it lives`, async (t) => {
    const { tell }: Worker = await spawnWorker(t, { role: 'agent', material: { ...material, ca } })
    const wrong: string[] = []
    let answered = 0
    for (const { what, versions, server } of parties) {
      for (const version of versions) {
        const port = await serveNode(
          t, { ...server, minVersion: version, maxVersion: version } as Presented
        ).catch(() => undefined)
        // OpenSSL does not present such a certificate.
        if (port === undefined) continue
        const expected = who === 'a trusted' && await accepts(port)
        const { status, code, died } = await tell({ port })
        if (died !== undefined) {
          t.fail(`${what}, ${version}: the process died of ${died}`)
          return
        }
        const isTold = status === 200 || /^MTLS_ERR_OUTBOUND/.test(code)
        if ((status === 200) !== expected || !isTold) {
          wrong.push(`${what}, ${version}: ${status ?? code}, and OpenSSL says ${String(expected)}`)
        }
        answered += Number(status === 200)
      }
    }
    t.strictSame(wrong, [])
    t.ok(who === 'a strange' ? answered === 0 : answered > 20, `${answered} were answered`)
  })
}

test('strangers who send ninety certificates, or one of 70 KB, are refused, and the server serves on', async (t) => {
  const { started: { port }, tell } = await spawnWorker(t, { role: 'server', material })
  const chain = Array.from(
    { length: 90 }, (_, index) => makeIntermediate(strange, `Hop ${index}`, { key: strange.key })
  )
  const bulk = [{ type: '1.3.6.1.4.1.1.1', value: Buffer.alloc(70_000) }]
  const strangers = {
    'ninety certificates': present(issueClient(strange, 'many'), ...chain),
    'ninety of the name of our root': present(
      issueClient(strange, 'many', { issuer: root.name }), ...chain.map(() => makeRoot(root.name, { key: strange.key }))
    ),
    'a leaf of 70 KB': present(issueClient(strange, 'large', { extensions: bulk })),
    'a CA of 70 KB': present(issueClient(strange, 'below'), makeRoot('Strange', { key: strange.key, extensions: bulk }))
  }
  for (const [what, client] of Object.entries(strangers)) {
    for (const version of BOTH) {
      const before = await tell({})
      t.equal(await reach(port, client, version), undefined, `${what}, ${version}`)
      const { verified, died } = await tell({})
      t.equal(died, undefined)
      t.ok(verified - before.verified <= 4, `${verified - before.verified} signatures`)
      t.equal(await reach(port, honest, version), 200)
    }
  }
})
