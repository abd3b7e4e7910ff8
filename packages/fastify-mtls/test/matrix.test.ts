import { X509Certificate, randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'tap'
import { createDevCa } from '@peerkit/dev-ca'
import type { IssuedCertificate } from '@peerkit/dev-ca'
import { dial } from './support/dial.ts'
import type { Dialled, Protocol } from './support/dial.ts'
import { startWorld } from './support/world.ts'
import type { Identity, World } from './support/world.ts'

/** What becomes of a connection, by certificate and by how it comes: the same under TLS 1.2 and 1.3, over HTTP/1.1 and HTTP/2. */
const TABLE = `| client certificate | new connection | resumed session | open connection |
| --- | --- | --- | --- |
| good | 200 | 200 | 200 |
| good, with the intermediate above it | 200 | 200 | 200 |
| none | closed: no_certificate | closed: no_certificate | never open |
| self-signed | closed: unknown_ca | closed: unknown_ca | never open |
| of another CA | closed: unknown_ca | closed: unknown_ca | never open |
| without the intermediate above it | closed: unknown_ca | closed: unknown_ca | never open |
| expired | closed: expired | closed: expired | never open |
| not yet valid | closed: not_yet_valid | closed: not_yet_valid | never open |
| revoked | closed: revoked | closed: revoked | never open |
| extended key usage without clientAuth | closed: wrong_purpose | closed: wrong_purpose | never open |
| a CA's own | closed: ca_as_leaf | closed: ca_as_leaf | never open |
| expires meanwhile | closed: expired | closed: expired | 401: expired |
| is revoked meanwhile | closed: revoked | closed: revoked | 401: revoked |
| its intermediate is revoked meanwhile | closed: revoked | closed: revoked | 401: revoked |
| its CA is removed meanwhile | closed: unknown_ca | closed: unknown_ca | 401: ca_removed |`
const ROWS = TABLE.split('\n').slice(2)

const DAY = 86_400_000
const now = Date.now()
const ca = await createDevCa()
const intermediate = await ca.intermediate()
const revoked = await ca.issue({ cn: 'revoked', profile: 'client' })
ca.revoke(revoked)
// A leaf that signed itself: no CA, and good for signatures.
const selfSigned = await createDevCa({
  name: 'self',
  extensions: [{ oid: '2.5.29.19', critical: true, value: Buffer.from('3000', 'hex') }, { oid: '2.5.29.15', critical: true, value: Buffer.from('03020780', 'hex') }]
})
const of = ({ chain, key }: IssuedCertificate): Identity => ({ cert: chain, key })
const deep = await intermediate.issue({ cn: 'deep', profile: 'client' })

/** Certificates that stay what they are, with OpenSSL's own code where it refuses them. */
const LASTING: Array<readonly [what: string, identity: Identity | undefined, code?: string]> = [
  ['good', of(await ca.issue({ profile: 'client' }))],
  ['good, with the intermediate above it', of(deep)],
  ['none', undefined],
  ['self-signed', { cert: selfSigned.certificate, key: selfSigned.key }, 'DEPTH_ZERO_SELF_SIGNED_CERT'],
  ['of another CA', of(await (await createDevCa()).issue({ profile: 'client' })), 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
  ['without the intermediate above it', { cert: deep.cert, key: deep.key }, 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
  ['expired', of(await ca.issue({ profile: 'client', notBefore: new Date(now - 2 * DAY), notAfter: new Date(now - DAY) })), 'CERT_HAS_EXPIRED'],
  ['not yet valid', of(await ca.issue({ profile: 'client', notBefore: new Date(now + DAY) })), 'CERT_NOT_YET_VALID'],
  ['revoked', of(revoked)],
  ['extended key usage without clientAuth', of(await ca.issue({ profile: 'server' })), 'INVALID_PURPOSE'],
  ["a CA's own", of(await ca.issue({ profile: 'client', ca: true }))]
]

interface Turning {
  readonly what: string
  /** Whether TLS itself still takes a ticket from before, so that the gate alone stands in the way. */
  readonly ticketOpens: boolean
  turn (world: World, clock: { ahead: number }, branch: Awaited<ReturnType<typeof ca.intermediate>>): Promise<void> | void
}

/** What a good certificate becomes while its connection is open and its ticket is kept. */
const TURNING: Turning[] = [
  { what: 'expires meanwhile', ticketOpens: true, turn: (_world, clock) => { clock.ahead = 8 * DAY } },
  {
    what: 'is revoked meanwhile',
    // The keys of tickets follow the CAs and the CRLs.
    ticketOpens: false,
    turn: async ({ credentials, ca: own, client }, _clock, branch) => {
      branch.revoke(client)
      credentials.update({ crl: [(await own.crl()).pem, (await branch.crl()).pem] })
    }
  },
  {
    what: 'its intermediate is revoked meanwhile',
    ticketOpens: false,
    turn: async ({ credentials, ca: own }, _clock, branch) => {
      own.revoke(serialOf(branch.certificate))
      credentials.update({ crl: [(await own.crl()).pem, (await branch.crl()).pem] })
    }
  },
  {
    what: 'its CA is removed meanwhile',
    ticketOpens: false,
    turn: async ({ credentials }) => {
      const next = await createDevCa({ name: 'Next' })
      credentials.update({ ca: next.root, crl: (await next.crl()).pem, crlIssuers: undefined })
    }
  }
]

test('the table is the one that the README shows', async (t) => {
  t.ok(readFileSync(join(import.meta.dirname, '../README.md'), 'utf8').includes(TABLE))
  t.strictSame(ROWS.map((row) => row.split(' | ')[0]?.slice(2)), [...LASTING.map(([what]) => what), ...TURNING.map(({ what }) => what)], 'every row is measured')
})

for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
  for (const protocol of ['HTTP/1.1', 'HTTP/2'] as Protocol[]) {
    const pinned = { minVersion: version, maxVersion: version }
    const settings = { http2: protocol === 'HTTP/2', ticketSecret: randomBytes(32) } as any

    test(`${version}, ${protocol}: a certificate is let in or refused as the table says: new, by its ticket, and when it asks again`, async (t) => {
      const world = await startWorld(t, { ca, settings, material: { crl: [(await ca.crl()).pem, (await intermediate.crl()).pem], crlIssuers: intermediate.certificate } })
      for (const [index, [what, identity, code]] of LASTING.entries()) {
        const before = world.refusals.length
        const first = await dial(world, protocol, identity, pinned)
        const fresh = await cell(world, first)
        const open = fresh === '200' ? await cell(world, first) : await first.ask() === undefined ? 'never open' : 'open'
        const again = await dial(world, protocol, identity, { ...pinned, session: first.session })
        t.equal(row(what, fresh, await cell(world, again), open), ROWS[index])
        if (fresh === '200') t.equal(again.resumed, true, what)
        const expected = { v: 1, code, protocol: version, alpnProtocol: protocol === 'HTTP/2' ? 'h2' : 'http/1.1', remoteAddress: '127.0.0.1', remotePort: Number, peer: identity === undefined ? undefined : Object }
        t.match(world.refusals.slice(before), fresh === '200' ? [] : [expected, expected], what)
        await Promise.all([first.close(), again.close()])
      }
    })

    test(`${version}, ${protocol}: a certificate that turns bad is refused as the table says: on its open connection, by its ticket, and anew`, async (t) => {
      for (const [index, { what, turn, ticketOpens }] of TURNING.entries()) {
        const clock = { ahead: 0 }
        const own = await createDevCa()
        const branch = await own.intermediate()
        const client = await branch.issue({ cn: 'client', profile: 'client' })
        const started = await startWorld(t, { ca: own, settings: { ...settings, now: () => Date.now() + clock.ahead }, material: { crl: [(await own.crl()).pem, (await branch.crl()).pem], crlIssuers: branch.certificate } })
        const world = { ...started, client }
        const open = await dial(world, protocol, of(client), pinned)
        t.equal(await open.ask(), 200, `${what}: before`)
        const second = await dial(world, protocol, of(client), { ...pinned, session: open.session })
        t.equal(await second.ask(), 200, `${what}: before, resumed`)
        t.equal(second.resumed, true, what)
        await turn(world, clock, branch)
        const [kept, keptResumed] = [await cell(world, open), await cell(world, second)]
        t.equal(keptResumed, kept, `${what}: a connection that was resumed is told the same`)
        t.equal(await open.ask(), undefined, `${what}: closed after`)
        const resumed = await dial(world, protocol, of(client), { ...pinned, session: open.session })
        const byTicket = await cell(world, resumed)
        const fresh = await dial(world, protocol, of(client), pinned)
        t.equal(row(what, await cell(world, fresh), byTicket, kept), ROWS[LASTING.length + index])
        t.match(world.refusals, [{ resumed: ticketOpens }, { resumed: false }], what)
        await Promise.all([open, second, resumed, fresh].map(async (dialled) => { await dialled.close() }))
      }
    })
  }
}

/** Asks, and says what came of it: a status with the reason that was reported beside it, or that the connection was closed, at its handshake or later. */
async function cell ({ refusals, ended }: World, dialled: Dialled): Promise<string> {
  const status = await dialled.ask()
  if (status === undefined) return `closed: ${refusals.at(-1)?.reason}`
  return status === 200 ? '200' : `${status}: ${ended.at(-1)?.reason}`
}

function row (what: string, fresh: string, resumed: string, open: string): string {
  return `| ${what} | ${fresh} | ${resumed} | ${open} |`
}

function serialOf (certificate: string): string {
  return new X509Certificate(certificate).serialNumber.toLowerCase()
}
