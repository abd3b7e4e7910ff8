import { test } from 'tap'
import { createDevCa } from '@peerkit/dev-ca'
import type { IssuedCertificate } from '@peerkit/dev-ca'
import { dial } from './support/dial.ts'
import type { Protocol } from './support/dial.ts'
import { startWorld } from './support/world.ts'
import type { Identity, World } from './support/world.ts'

const DAY = 86_400_000
const ca = await createDevCa()
const intermediate = await ca.intermediate()
const revoked = await ca.issue({ cn: 'revoked', profile: 'client' })
ca.revoke(revoked)
// A leaf that signed itself: no CA, and good for signatures.
const selfSigned = await createDevCa({
  name: 'self',
  extensions: [{ oid: '2.5.29.19', critical: true, value: Buffer.from('3000', 'hex') }, { oid: '2.5.29.15', critical: true, value: Buffer.from('03020780', 'hex') }]
})
const now = Date.now()
const of = ({ chain, key }: IssuedCertificate): Identity => ({ cert: chain, key })
const withoutIntermediate = async (): Promise<Identity> => {
  const { cert, key } = await intermediate.issue({ profile: 'client' })
  return { cert, key }
}

/** Certificates that are bad from the start: none of their connections is ever served, however it is made. */
const BAD: Array<{ readonly what: string, readonly identity: Identity | undefined, readonly reason: string, readonly code?: string }> = [
  { what: 'none', identity: undefined, reason: 'no_certificate' },
  { what: 'self-signed', identity: { cert: selfSigned.certificate, key: selfSigned.key }, reason: 'unknown_ca', code: 'DEPTH_ZERO_SELF_SIGNED_CERT' },
  { what: 'other CA', identity: of(await (await createDevCa()).issue({ profile: 'client' })), reason: 'unknown_ca', code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' },
  { what: 'expired', identity: of(await ca.issue({ profile: 'client', notBefore: new Date(now - 2 * DAY), notAfter: new Date(now - DAY) })), reason: 'expired', code: 'CERT_HAS_EXPIRED' },
  { what: 'not yet valid', identity: of(await ca.issue({ profile: 'client', notBefore: new Date(now + DAY) })), reason: 'not_yet_valid', code: 'CERT_NOT_YET_VALID' },
  { what: 'revoked', identity: of(revoked), reason: 'revoked' },
  { what: 'wrong EKU', identity: of(await ca.issue({ profile: 'server' })), reason: 'wrong_purpose', code: 'INVALID_PURPOSE' },
  { what: 'CA-flagged leaf', identity: of(await ca.issue({ profile: 'client', ca: true })), reason: 'ca_as_leaf' },
  { what: 'missing intermediate', identity: await withoutIntermediate(), reason: 'unknown_ca', code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' }
]

interface Turn {
  readonly what: string
  readonly reason: { readonly open: string, readonly resumed: string }
  /** Whether a ticket from before is still taken by TLS, so that the gate alone stands in the way. */
  readonly ticketOpens: boolean
  turn (world: World, clock: { ahead: number }): Promise<void> | void
}

/** What a good certificate becomes while its connection is open and its ticket is kept. */
const TURNS: Turn[] = [
  { what: 'expired', reason: { open: 'expired', resumed: 'expired' }, ticketOpens: true, turn: (_world, clock) => { clock.ahead = 8 * DAY } },
  {
    what: 'revoked',
    reason: { open: 'revoked', resumed: 'revoked' },
    ticketOpens: false,
    turn: async ({ credentials, ca: own, client }) => {
      own.revoke(client)
      credentials.update({ crl: (await own.crl()).pem })
    }
  },
  {
    what: 'removed CA',
    reason: { open: 'ca_removed', resumed: 'unknown_ca' },
    ticketOpens: false,
    turn: async ({ credentials }) => {
      const next = await createDevCa({ name: 'Next' })
      credentials.update({ ca: next.root, crl: (await next.crl()).pem })
    }
  }
]

for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
  for (const protocol of ['HTTP/1.1', 'HTTP/2'] as Protocol[]) {
    const pinned = { minVersion: version, maxVersion: version }
    const settings = { http2: protocol === 'HTTP/2' } as any

    test(`${version}, ${protocol}: a bad certificate is refused on a new connection, on a resumed one and at a second request, with its reason`, async (t) => {
      const world = await startWorld(t, { ca, crl: true, settings })
      for (const { what, identity, reason, code } of BAD) {
        const before = world.refusals.length
        const first = await dial(world, protocol, identity, pinned)
        t.equal(await first.ask(), undefined, `${what}, new`)
        t.equal(await first.ask(), undefined, `${what}, keep-alive`)
        const again = await dial(world, protocol, identity, { ...pinned, session: first.session })
        t.equal(await again.ask(), undefined, `${what}, resumed`)
        await Promise.all([first.close(), again.close()])
        const expected = { v: 1, reason, code, protocol: version, alpnProtocol: protocol === 'HTTP/2' ? 'h2' : 'http/1.1', remoteAddress: '127.0.0.1', remotePort: Number, peer: identity === undefined ? undefined : Object }
        t.match(world.refusals.slice(before), [expected, expected], what)
      }
    })

    test(`${version}, ${protocol}: a certificate that turns bad is refused on its open connection, by its ticket and on a new connection`, async (t) => {
      for (const { what, reason, turn, ticketOpens } of TURNS) {
        const clock = { ahead: 0 }
        const world = await startWorld(t, { crl: true, settings: { ...settings, now: () => Date.now() + clock.ahead } })
        const open = await dial(world, protocol, of(world.client), pinned)
        t.equal(await open.ask(), 200, `${what}, before`)
        const idle = await dial(world, protocol, of(world.client), { ...pinned, session: open.session })
        t.match(idle, { resumed: true }, `${what}, resumed before`)
        t.equal(await idle.ask(), 200, `${what}, resumed before`)
        await turn(world, clock)
        t.equal(await open.ask(), 401, `${what}, keep-alive`)
        t.equal(await open.ask(), undefined, `${what}, closed after`)
        t.equal(await idle.ask(), 401, `${what}, keep-alive of a resumed session`)
        const resumed = await dial(world, protocol, of(world.client), { ...pinned, session: open.session })
        t.equal(await resumed.ask(), undefined, `${what}, resumed`)
        const fresh = await dial(world, protocol, of(world.client), pinned)
        t.equal(await fresh.ask(), undefined, `${what}, new`)
        t.match(world.ended, [{ reason: reason.open }, { reason: reason.open }], what)
        t.match(world.refusals, [{ reason: reason.resumed, resumed: ticketOpens }, { reason: reason.resumed, resumed: false }], what)
        await Promise.all([open, idle, resumed, fresh].map(async (dialled) => { await dialled.close() }))
      }
    })

    test(`${version}, ${protocol}: a good certificate, and one with its intermediate, pass: new, resumed and kept alive`, async (t) => {
      const crls = [(await ca.crl()).pem, (await intermediate.crl()).pem]
      const world = await startWorld(t, { ca, settings, material: { crl: crls, crlIssuers: intermediate.certificate } })
      for (const [what, issued] of [['direct', await ca.issue({ cn: 'direct', profile: 'client' })], ['deep', await intermediate.issue({ cn: 'deep', profile: 'client' })]] as const) {
        const first = await dial(world, protocol, of(issued), pinned)
        t.equal(await first.ask(), 200, `${what}, new`)
        t.equal(await first.ask(), 200, `${what}, keep-alive`)
        const again = await dial(world, protocol, of(issued), { ...pinned, session: first.session })
        t.equal(await again.ask(), 200, `${what}, resumed`)
        t.equal(again.resumed, true, what)
        await Promise.all([first.close(), again.close()])
      }
      t.strictSame(world.refusals, [])
    })
  }
}
