import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { connect, createServer } from 'node:tls'
import type { TLSSocket } from 'node:tls'
import { createDevCa } from '@peerkit/dev-ca'
import type { DevCa } from '@peerkit/dev-ca'
import { decodePem } from '@peerkit/identity'
import { test } from 'tap'
import {
  authoritiesOf,
  fileCredentials,
  memoryCredentials,
  providerCredentials,
  renewingCredentials,
  secureContextOptions
} from '../src/index.ts'
import type { CredentialSnapshot } from '../src/index.ts'
import { ManualClock } from '@peerkit/test-support/manual-clock'
import { signFor } from '@peerkit/test-support/certificates'
import { makeFolder, nextChange } from './support/world.ts'

const HOUR = 3_600_000
const ca = await createDevCa({ name: 'Root' })
const other = await createDevCa({ name: 'Other' })
const own = await ca.issue({ cn: 'server', dns: 'localhost' })
const base = { cert: own.chain, key: own.key, ca: ca.root }
const [first, second] = [await ca.intermediate({ name: 'First' }), await ca.intermediate({ name: 'Second' })]
const namesOf = (list: CredentialSnapshot['candidates']): unknown => list.map(({ subject }) => subject?.commonName)

/** What a snapshot holds of the option. */
function holds (
  t: any,
  { candidates, intermediateCas, anchors, intermediates }: CredentialSnapshot,
  authorities: readonly DevCa[]
): void {
  t.same(
    candidates.map(({ raw }) => raw),
    authorities.map(({ der }) => Buffer.from(der))
  )
  t.same(
    intermediateCas.flatMap((pem) => decodePem(pem)),
    authorities.map(({ der }) => Buffer.from(der))
  )
  t.same(namesOf(anchors), ['Root'], 'none of them is an anchor')
  t.same(intermediates, [], 'and none is presented')
}

test('intermediates are read, and are no anchors', async (t) => {
  const both = first.certificate + second.certificate
  const given = [both, [first.certificate, second.certificate], [Buffer.from(`# theirs\n${both}`)]]
  for (const intermediates of given) holds(t, memoryCredentials({ ...base, intermediates }).current, [first, second])
  for (const intermediates of [undefined, []]) holds(t, memoryCredentials({ ...base, intermediates }).current, [])
})

test('what is no intermediate CA is refused: roots, leaves, texts without a certificate', async (t) => {
  for (const [intermediates, reason, message] of [
    [ca.root, 'no_anchor', /^Credentials refused: intermediates: found the root .*Root.*\(roots belong in ca\)/],
    [first.certificate + other.root, 'no_anchor', /found the root .*Other/],
    [own.cert, 'no_anchor', /intermediates: found .*server.*, which is not a CA certificate/],
    ['no certificate', 'unreadable', /intermediates/]
  ] as const) {
    const refusal = { code: 'MTLS_ERR_CREDENTIALS_REFUSED', reason, message }
    t.throws(() => memoryCredentials({ ...base, intermediates }), refusal)
    const source = memoryCredentials({ ...base, intermediates: first.certificate })
    const { current } = source
    t.throws(() => source.update({ intermediates }), refusal)
    t.equal(source.current, current, 'what was in force stays')
  }
  t.throws(() => memoryCredentials({ ...base, intermediates: 7 as any }), {
    code: 'MTLS_ERR_CREDENTIALS_OPTION',
    message: /intermediates/
  })
})

test('one that is not valid now is left out with a warning: OpenSSL would take it before a valid one', async (t) => {
  const now = Date.now()
  const ended = await ca.intermediate({
    name: 'Ended',
    notBefore: new Date(now - 2 * HOUR),
    notAfter: new Date(now - HOUR)
  })
  const early = await ca.intermediate({ name: 'Early', notBefore: new Date(now + HOUR) })
  const { current } = memoryCredentials({
    ...base,
    intermediates: [ended.certificate, first.certificate, early.certificate]
  })
  holds(t, current, [first])
  t.match(current.warnings, [
    /^intermediates: ignored .*Ended.*, which expired on /,
    /^intermediates: ignored .*Early.*, which is not valid before /
  ])
})

test('another set of intermediates is another trust, and another order is not', async (t) => {
  const source = memoryCredentials({ ...base, intermediates: [first.certificate, second.certificate] })
  const { trustDigest } = source.current
  t.equal(source.update({ intermediates: second.certificate + first.certificate }).trustDigest, trustDigest)
  t.equal(source.current.trustEpoch, 1)
  const changes: unknown[] = []
  source.subscribe((change) => {
    changes.push(change.type === 'rotated' && change.trustChanged)
  })
  t.match(source.update({ intermediates: first.certificate }), { trustEpoch: 2 })
  t.not(source.current.trustDigest, trustDigest)
  t.match(source.update({ intermediates: undefined }), { trustEpoch: 3 })
  t.equal(source.current.trustDigest, memoryCredentials(base).current.trustDigest)
  t.same(changes, [true, true])
})

test('candidates are the intermediates, the issuers of CRLs and our own chain, each once, and no anchor', async (t) => {
  const below = await second.issue({ cn: 'below' })
  const material = {
    cert: below.chain,
    key: below.key,
    intermediates: [first.certificate, second.certificate],
    crlIssuers: [first.certificate, ca.root]
  }
  const { current } = memoryCredentials({ ...base, ...material })
  t.same(namesOf(current.candidates), ['First', 'Second'])
  t.same(namesOf(memoryCredentials({ ...base, cert: below.chain, key: below.key }).current.candidates), ['Second'])
  t.same(namesOf(memoryCredentials({ ...base, crlIssuers: first.certificate }).current.candidates), ['First'])
  t.same(
    memoryCredentials({ ...base, crlIssuers: first.certificate }).current.intermediateCas,
    [],
    'the others are not for OpenSSL'
  )
  t.ok(Object.isFrozen(current.candidates) && Object.isFrozen(current.intermediateCas))
})

test('an authority is made of a snapshot: its anchors, its candidates, its lists and another checker', async (t) => {
  const crl = (await ca.crl()).pem
  const { current } = memoryCredentials({ ...base, crl, intermediates: first.certificate })
  const { anchors, candidates, revocation } = current
  t.strictSame(authoritiesOf(current, 'clients'), [{
    name: 'default',
    names: 'any',
    partial: false,
    ca: anchors,
    intermediates: candidates,
    revocation: [revocation]
  }])
  t.strictSame(authoritiesOf(current, 'servers'), authoritiesOf(current, 'clients'))
  const beside = { ...revocation! }
  t.strictSame(authoritiesOf(current, 'clients', beside)[0]?.revocation, [revocation, beside])
  t.strictSame(authoritiesOf(memoryCredentials(base).current, 'clients')[0]?.revocation, [])
})

test('OpenSSL finds a configured intermediate that a client did not send, and takes it for no root', async (t) => {
  const client = await first.issue({ cn: 'client' })
  for (const [options, expected] of [
    [{ intermediates: first.certificate }, true],
    [{}, false],
    [{ ca: other.root, intermediates: first.certificate }, false]
  ] as const) {
    const { current } = memoryCredentials({ ...base, ...options })
    t.same(secureContextOptions(current).ca, [...current.ca, ...current.intermediateCas])
    t.equal(await isAuthorized(current, { cert: client.cert, key: client.key }), expected)
  }
})

test('files, providers and issuers take intermediates as well, and rotate by them', async (t) => {
  const { paths, folder, replace, ca: authority } = await makeFolder(t)
  const [one, next] = [await authority.intermediate(), await authority.intermediate()]
  await replace('intermediates.pem', one.certificate)
  const files = await fileCredentials({ ...paths, intermediates: join(folder, 'intermediates.pem') })
  t.same(
    files.current.candidates.map(({ raw }) => raw),
    [Buffer.from(one.der)]
  )
  const rotated = nextChange(files, 'rotated')
  await replace('intermediates.pem', one.certificate + next.certificate)
  t.match(await rotated, { trustChanged: true })
  t.equal(files.current.intermediateCas.length, 2)
  const refused = nextChange(files, 'refused')
  await replace('intermediates.pem', authority.root)
  t.match(await refused, {
    error: { reason: 'no_anchor', message: /intermediates \(.*intermediates\.pem\): found the root/ }
  })
  await files.close()
  const answers = [
    { ...base, intermediates: first.certificate },
    { ...base, intermediates: [first.certificate, second.certificate] }
  ]
  const provided = await providerCredentials(async () => answers.shift()!, { random: () => 0 })
  holds(t, provided.current, [first])
  t.match(await provided.refresh(), { trustEpoch: 2 })
  holds(t, provided.current, [first, second])
  await provided.close()
})

test('an issuer may answer with intermediates of its own; else those of the options count', async (t) => {
  const clock = new ManualClock()
  const more: object[] = [{}, { intermediates: second.certificate }, { intermediates: ca.root }]
  const issue = async ({ publicKey }: { readonly publicKey: string }): Promise<any> => {
    return {
      cert: await signFor(ca, publicKey, { notBefore: clock.now(), notAfter: clock.now() + HOUR }),
      ...more.shift()
    }
  }
  const options = { ca: ca.root, intermediates: first.certificate, clock, random: () => 0, attempts: 1 }
  const source = await renewingCredentials({ issue }, options)
  holds(t, source.current, [first])
  await source.refresh()
  holds(t, source.current, [second])
  await t.rejects(source.refresh(), { code: 'MTLS_ERR_CREDENTIALS_REFUSED', reason: 'no_anchor' })
  await source.close()
})

/** Whether OpenSSL accepts a client in a handshake with a server of this snapshot. */
async function isAuthorized (snapshot: CredentialSnapshot, client: { cert: string; key: string }): Promise<boolean> {
  const server = createServer({ ...secureContextOptions(snapshot), requestCert: true, rejectUnauthorized: false })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const accepted = once(server, 'secureConnection') as Promise<[TLSSocket]>
  const { port } = server.address() as AddressInfo
  const socket = connect({ ...client, port, host: '127.0.0.1', ca: ca.root, servername: 'localhost' })
  const [peer] = await accepted
  const { authorized } = peer
  socket.destroy()
  peer.destroy()
  server.close()
  await once(server, 'close')
  return authorized
}
