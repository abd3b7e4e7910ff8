import { randomBytes } from 'node:crypto'
import { connect } from 'node:tls'
import { test } from 'tap'
import { blockMemory } from '@peerkit/credentials'
import { createDevCa } from '@peerkit/dev-ca'
import type { DevCa } from '@peerkit/dev-ca'
import { decodePem, parsePeerIdentity } from '@peerkit/identity'
import type { RevocationStatus } from '@peerkit/revocation'
import { GOOD, REVOKED, stubChecker } from './support/watched.ts'
import { callRaw, startWorld } from './support/world.ts'

const DAY = 86_400_000

function publicKeyOf (certificate: string): string {
  return parsePeerIdentity(decodePem(certificate)[0] as Uint8Array).publicKey256 as string
}

const versions = [['TLSv1.2'], ['TLSv1.3']] as const

for (const [version] of versions) {
  const pinned = { minVersion: version, maxVersion: version }

  test(`${version}: a session is resumed while its trust stands`, async (t) => {
    const world = await startWorld(t, { settings: { ticketSecret: randomBytes(32) } })
    const client = { cert: world.client.chain, key: world.client.key }
    const first = await callRaw(world, client, pinned)
    t.match(first, { status: 200, reused: false })
    t.match(await callRaw(world, client, { ...pinned, session: first.session }), { status: 200, reused: true })
  })

  test(`${version}: a ticket is no way around a removed CA, shared ticket keys or not`, async (t) => {
    for (const settings of [{}, { ticketSecret: randomBytes(32) }]) {
      const world = await startWorld(t, { settings })
      const client = { cert: world.client.chain, key: world.client.key }
      const { session } = await callRaw(world, client, pinned)
      world.credentials.update({ ca: (await createDevCa({ name: 'Next' })).root })
      t.match(await callRaw(world, client, { ...pinned, session }), { status: undefined })
      t.match(world.refusals.at(-1), { reason: 'unknown_ca', resumed: false })
    }
  })

  test(`${version}: a ticket is no way around revocation, even with the very same ticket keys`, async (t) => {
    const world = await startWorld(t, { settings: { ticketSecret: randomBytes(32) }, crl: true })
    const client = { cert: world.client.chain, key: world.client.key }
    const { session } = await callRaw(world, client, pinned)
    world.ca.revoke(world.client)
    world.credentials.update({ crl: (await world.ca.crl()).pem })
    t.match(await callRaw(world, client, { ...pinned, session }), { status: undefined })
    t.match(world.refusals.at(-1), { reason: 'revoked' })
  })

  test(`${version}: a ticket is no way around expiry`, async (t) => {
    let ahead = 0
    const world = await startWorld(t, { settings: { ticketSecret: randomBytes(32), now: () => Date.now() + ahead } })
    const client = { cert: world.client.chain, key: world.client.key }
    const { session } = await callRaw(world, client, pinned)
    ahead = 8 * 86_400_000
    t.match(await callRaw(world, client, { ...pinned, session }), { status: undefined })
    t.match(world.refusals.at(-1), { reason: 'expired', resumed: true })
  })

  test(`${version}: a ticket without a certificate stays without one`, async (t) => {
    const world = await startWorld(t, { settings: { clientCertificate: 'optional', ticketSecret: randomBytes(32) } })
    const first = await callRaw(world, undefined, pinned)
    t.match(first, { status: 401 })
    t.match(await callRaw(world, undefined, { ...pinned, session: first.session }), { status: 401, reused: true })
  })

  test(`${version}: another worker takes a ticket where it knows the same intermediates; elsewhere the handshake is full`, async (t) => {
    const ca = await createDevCa()
    const settings = { ticketSecret: randomBytes(32) }
    const one = await startWorld(t, { ca, settings })
    const two = await startWorld(t, { ca, settings })
    const client = { cert: one.client.chain, key: one.client.key }
    const direct = await callRaw(one, client, pinned)
    t.match(await callRaw(two, client, { ...pinned, session: direct.session }), { status: 200, reused: true })
    const issued = await (await ca.intermediate()).issue({ cn: 'deep', profile: 'client' })
    const deep = { cert: issued.chain, key: issued.key }
    t.match(await callRaw(one, deep, pinned), { status: 200 }, 'by this the one learns the intermediate')
    const { session } = await callRaw(one, deep, pinned)
    t.match(await callRaw(two, deep, { ...pinned, session }), { status: 200, reused: false }, 'and by this the other')
    t.match(await callRaw(two, deep, { ...pinned, session }), { status: 200, reused: true })
    t.match(await callRaw(one, deep, { ...pinned, session }), { status: 200, reused: true })
    t.strictSame(two.refusals, [])
    const stranger = await (await createDevCa({ name: 'Foreign' })).issue({ cn: 'stranger', profile: 'client' })
    t.match(await callRaw(two, { cert: stranger.chain, key: stranger.key }, pinned), { status: undefined })
    t.match(two.refusals, [{ reason: 'unknown_ca' }])
    t.match(await callRaw(two, deep, { ...pinned, session }), { status: 200, reused: true }, 'a stranger changes no keys')
  })

  test(`${version}: a ticket from before its worker knew the intermediate costs a client one connection at most`, async (t) => {
    const ca = await createDevCa()
    const settings = { ticketSecret: randomBytes(32) }
    const one = await startWorld(t, { ca, settings })
    const two = await startWorld(t, { ca, settings })
    const issued = await (await ca.intermediate()).issue({ cn: 'deep', profile: 'client' })
    const deep = { cert: issued.chain, key: issued.key }
    const { session } = await callRaw(one, deep, pinned)
    const second = await callRaw(two, deep, { ...pinned, session })
    // TLS 1.3 gives tickets after the handshake, when the intermediate is known.
    const refusal = { reason: 'resumption_refused', resumed: true, detail: { step: 'unknown_ca', certificate: { subject: 'CN=deep' } } }
    if (version === 'TLSv1.2') t.match([second, two.refusals], [{ status: undefined }, [refusal]])
    else t.match([second, two.refusals], [{ status: 200, reused: false }, []])
    const before = two.refusals.length
    t.match(await callRaw(two, deep, { ...pinned, session }), { status: 200, reused: version === 'TLSv1.3' }, 'though the client offers it again')
    t.match(await callRaw(two, deep, pinned), { status: 200, reused: false })
    t.equal(two.refusals.length, before)
  })

  test(`${version}: a ticket is no way around the revocation of an intermediate that is listed in ca, at another worker either`, async (t) => {
    const ca = await createDevCa()
    const issuing = await ca.intermediate({ name: 'Issuing' })
    const issued = await issuing.issue({ cn: 'deep', profile: 'client' })
    const identity = { cert: issued.chain, key: issued.key }
    const crls = async (): Promise<string[]> => [(await ca.crl()).pem, (await issuing.crl()).pem]
    // The same list for both: the keys of their tickets depend on it.
    const crl = await crls()
    const start = async () => {
      // A checker changes no ticket keys, so that the worker does resume.
      const revocation = stubChecker(() => GOOD)
      const material = { ca: `${ca.root}${issuing.certificate}`, crl }
      const world = await startWorld(t, { ca, material, settings: { ticketSecret, revocation } })
      return { world, revocation }
    }
    const ticketSecret = randomBytes(32)
    const [one, two] = [await start(), await start()]
    const { session } = await callRaw(one.world, identity, pinned)
    t.match(await callRaw(two.world, identity, { ...pinned, session }), { status: 200, reused: true })
    two.revocation.answer = ({ subject }) => subject?.commonName === 'Issuing' ? REVOKED : GOOD
    two.revocation.epoch += 1
    t.match(await callRaw(two.world, identity, { ...pinned, session }), { status: undefined })
    t.match(two.world.refusals, [{ reason: 'revoked', resumed: true, detail: { certificate: { subject: /^CN=Issuing,/ } } }])
    ca.revoke(issuing)
    one.world.credentials.update({ crl: await crls() })
    t.match(await callRaw(one.world, identity, { ...pinned, session }), { status: undefined })
    t.match(one.world.refusals, [{ reason: 'revoked', detail: { certificate: { subject: /^CN=Issuing,/ } } }])
  })

  test(`${version}: a session whose CA is at fault is not resumed again: the client may have another path in a full handshake`, async (t) => {
    let ahead = 0
    const block = blockMemory([])
    const revocation = stubChecker(() => GOOD)
    const answerOfIssuing = (answer: RevocationStatus): void => {
      revocation.answer = ({ subject }) => subject?.commonName === 'Issuing' ? answer : GOOD
      revocation.epoch += 1
    }
    const faults: Readonly<Record<string, (issuing: DevCa) => void>> = {
      revoked: () => { answerOfIssuing(REVOKED) },
      revocation_unknown: () => { answerOfIssuing({ state: 'unknown', why: 'no_crl' }) },
      blocked: ({ certificate }) => { block.update([{ publicKey: publicKeyOf(certificate) }]) },
      expired: () => { ahead = 2 * DAY }
    }
    for (const [reason, happens] of Object.entries(faults)) {
      const ca = await createDevCa()
      const issuing = await ca.intermediate({ name: 'Issuing', days: 1 })
      const issued = await issuing.issue({ cn: 'deep', profile: 'client' })
      const deep = { cert: issued.chain, key: issued.key }
      const settings = { revocation, block, now: () => Date.now() + ahead }
      const world = await startWorld(t, { ca, settings, material: { intermediates: issuing.certificate } })
      const { session } = await callRaw(world, deep, pinned)
      t.match(await callRaw(world, deep, { ...pinned, session }), { status: 200, reused: true }, reason)
      happens(issuing)
      for (const resumed of [true, false]) {
        t.match(await callRaw(world, deep, { ...pinned, session }), { status: undefined })
        t.match(world.refusals.at(-1), { reason, resumed, detail: { certificate: { subject: /^CN=Issuing/ } } }, reason)
      }
      t.equal(world.refusals.length, 2)
      block.update([])
      revocation.answer = () => GOOD
      ahead = 0
    }
  })

  test(`${version}: a refused session is reset, because clients offer it again after an orderly end`, async (t) => {
    const revocation = stubChecker(() => GOOD)
    const world = await startWorld(t, { settings: { ticketSecret: randomBytes(32), revocation } })
    const client = { cert: world.client.chain, key: world.client.key }
    const { session } = await callRaw(world, client, pinned)
    revocation.answer = () => REVOKED
    revocation.epoch += 1
    const socket = connect({ host: '127.0.0.1', port: world.port, ca: world.ca.root, ...client, ...pinned, session })
    let code: string | undefined
    socket.on('error', (error: NodeJS.ErrnoException) => { code = error.code })
    socket.resume()
    await new Promise<void>((resolve) => { socket.once('close', () => { resolve() }) })
    t.match(world.refusals, [{ reason: 'revoked', resumed: true }])
    t.equal(code, 'ECONNRESET')
  })

  test(`${version}: configured intermediates are known to every worker from the start`, async (t) => {
    const ca = await createDevCa()
    const issuing = await ca.intermediate()
    const options = { ca, settings: { ticketSecret: randomBytes(32) }, material: { intermediates: issuing.certificate } }
    const one = await startWorld(t, options)
    const two = await startWorld(t, options)
    const issued = await issuing.issue({ cn: 'deep', profile: 'client' })
    const deep = { cert: issued.chain, key: issued.key }
    const { session } = await callRaw(one, deep, pinned)
    t.match(await callRaw(two, deep, { ...pinned, session }), { status: 200, reused: true })
    const alone = { cert: issued.cert, key: issued.key }
    t.match(await callRaw(two, alone, pinned), { status: 200, reused: false }, 'and clients may leave them out')
    t.strictSame(two.refusals, [])
  })
}
