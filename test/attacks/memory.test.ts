import { test } from 'tap'
import { dial, present } from './support/dial.ts'
import type { Presented } from './support/dial.ts'
import { certify, issueClient, issueServer, keyIdOf, makeIntermediate, makeKey, makeRoot } from './support/forger.ts'
import type { Draft, Made } from './support/forger.ts'
import { spawnWorker } from './support/spawn.ts'
import type { Worker } from './support/spawn.ts'

const MAX_SIGNATURES = 12
/** A handshake of a stranger is to cost little more than what plain Node spends to refuse it. */
const MAX_FOR_STRANGERS = 4
const HANDSHAKES = 12
const SENT = 90
const root = makeRoot('Root')
const own = issueServer(root)
const material = { cert: own.pem, key: own.keyPem, ca: root.pem }
const insider = issueClient(root, 'insider')
const bystander = present(issueClient(root, 'bystander'))
const deepCa = makeIntermediate(root, 'Issuing')
const deepInsider = issueClient(deepCa, 'insider below')

const junk = makeKey()
const named = (
  subject: string | Uint8Array, issuer: string | Uint8Array, key = junk, signer: Draft['signer'] = 'garbage'
): Made =>
  certify({ subject, issuer, key, signer, ca: true, keyId: null, issuerKeyId: null })
const many = (make: (index: number) => Made): Made[] => Array.from({ length: SENT }, (_, index) => make(index))
const ring = Array.from({ length: 24 }, () => makeKey())

/**
 * A good leaf, and what an insider sends with it: ninety certificates that nobody verified, made in each handshake
 * anew. No key identifier rules any of them out.
 */
const HEAPS: Readonly<Record<string, () => readonly [leaf: Made, ...above: Made[]]>> = {
  "of the root's name, signed by nobody": () => [insider, ...many(() => named('Root', 'Root')), root],
  "of the root's name, each signed by the next": () => [
    insider, ...many((index) => named('Root', 'Root', ring[index % 24], ring[(index + 1) % 24])), root
  ],
  'in one row of names': () => {
    const round = Math.random().toString(36)
    const row = many((index) => named(`${round} ${index}`, index === SENT - 1 ? 'Root' : `${round} ${index + 1}`))
    return [insider, named('Root', `${round} 0`), ...row, root]
  },
  'of an intermediate that others have': () => [deepInsider, deepCa, ...many(() => named('Issuing', 'Root')), root],
  'cross-signed with each other': () => {
    const crossed = many(
      (index) => named(
        `Ring ${index % 9}`, `Ring ${Math.floor(index / 9) % 9}`, ring[index % 9], ring[Math.floor(index / 9) % 9]
      )
    )
    return [insider, named('Root', 'Ring 0', junk, ring[0]), ...crossed, named('Ring 8', 'Root', ring[8]), root]
  }
}

async function call (
  port: number, client: Presented, version: 'TLSv1.2' | 'TLSv1.3' = 'TLSv1.3', alpn = true
): Promise<number | undefined> {
  const connection = await dial(client, { port, version, alpn })
  const { status } = await connection.ask()
  await connection.close()
  return status
}

/** What a connection was worth, and how many signatures it cost the server. */
async function cost (
  { started: { port }, tell }: Worker,
  client: Presented,
  ...how: Parameters<typeof call> extends [any, any, ...infer Rest] ? Rest : never
): Promise<{ status: number | undefined, signatures: number }> {
  const before = await tell({})
  const status = await call(port, client, ...how)
  const after = await tell({})
  return { status, signatures: after.verified - before.verified }
}

for (const [what, heap] of Object.entries(HEAPS)) {
  test(`an insider's ninety certificates ${what} cost nobody anything, and are not kept`, async (t) => {
    const worker = await spawnWorker(t, { role: 'server', material })
    const { started: { port }, tell } = worker
    const clients = { bystander, 'client with an intermediate': present(issueClient(deepCa, 'deep'), deepCa) }
    // What a server needs once is not what a handshake leaves behind.
    for (const client of Object.values(clients)) t.equal(await call(port, client), 200)
    await call(port, present(...heap()))
    const { octets: before } = await tell({ alive: true })
    for (let handshake = 0; handshake < HANDSHAKES; handshake += 1) {
      const { signatures } = await cost(
        worker, present(...heap()), handshake % 2 === 0 ? 'TLSv1.3' : 'TLSv1.2', handshake % 3 > 0
      )
      t.ok(signatures <= MAX_SIGNATURES, `handshake ${handshake}: ${signatures} signatures`)
    }
    const { octets: after } = await tell({ alive: true })
    t.ok(after - before < SENT, `${after - before} objects more after ${HANDSHAKES * SENT} certificates`)
    for (const [who, client] of Object.entries(clients)) {
      const { status, signatures } = await cost(worker, client)
      t.equal(status, 200, `a ${who} is served`)
      t.ok(signatures <= 2, `a ${who} costs ${signatures} signatures`)
    }
    // A chain that nobody has seen is looked for among what was sent with it, and nowhere else.
    const trigger = await cost(worker, present(insider, named('Root', 'Root', ring[1], ring[0])))
    t.ok(trigger.signatures <= MAX_SIGNATURES, `${trigger.signatures} signatures`)
    t.equal((await cost(worker, present(insider))).status, 200, 'the insider too, as long as that is all')
  })
}

test('a client that nobody has seen costs the signatures of its own chain, and the next time none', async (t) => {
  const worker = await spawnWorker(t, { role: 'server', material })
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    const client = present(issueClient(deepCa, version), deepCa)
    const first = await cost(worker, client, version)
    t.equal(first.status, 200)
    t.ok(first.signatures <= 2, `${first.signatures} signatures for a chain of two`)
    t.same(await cost(worker, client, version), { status: 200, signatures: 0 })
  }
})

test('what a stranger sends costs no signature, unless it bears the name of our root: then a few', async (t) => {
  const worker = await spawnWorker(t, { role: 'server', material })
  const stranger = makeRoot('Stranger')
  for (const [what, heap] of Object.entries(HEAPS)) {
    const above = heap().slice(1)
    const [plain, named] = [{}, { issuer: 'Root', issuerKeyId: keyIdOf(root.key) }]
      .map((draft) => present(issueClient(stranger, 'stranger', draft), ...above))
    t.same(await cost(worker, plain!), { status: undefined, signatures: 0 }, what)
    const { status, signatures } = await cost(worker, named!)
    t.equal(status, undefined, what)
    t.ok(signatures <= MAX_FOR_STRANGERS, `${what}, of a leaf that names our root: ${signatures} signatures`)
  }
  t.equal(await call(worker.started.port, bystander), 200)
})
