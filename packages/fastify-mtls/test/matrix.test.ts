import { createSecureContext } from 'node:tls'
import { test } from 'tap'
import { createDevCa } from '@peerkit/dev-ca'
import type { IssuedCertificate } from '@peerkit/dev-ca'
import { callRaw, callSession, openSession, startWorld } from './support/world.ts'

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

interface Row { readonly what: string, readonly identity: { cert: string, key: string } | undefined, readonly reason: string }

const of = ({ chain, key }: IssuedCertificate): { cert: string, key: string } => ({ cert: chain, key })
const rows: Row[] = [
  { what: 'none', identity: undefined, reason: 'no_certificate' },
  { what: 'self-signed', identity: { cert: selfSigned.certificate, key: selfSigned.key }, reason: 'unknown_ca' },
  { what: 'other CA', identity: of(await (await createDevCa()).issue({ profile: 'client' })), reason: 'unknown_ca' },
  { what: 'expired', identity: of(await ca.issue({ profile: 'client', notBefore: new Date(now - 2 * DAY), notAfter: new Date(now - DAY) })), reason: 'expired' },
  { what: 'not yet valid', identity: of(await ca.issue({ profile: 'client', notBefore: new Date(now + DAY) })), reason: 'not_yet_valid' },
  { what: 'revoked', identity: of(revoked), reason: 'revoked' },
  { what: 'wrong EKU', identity: of(await ca.issue({ profile: 'server' })), reason: 'wrong_purpose' },
  { what: 'CA-flagged leaf', identity: of(await ca.issue({ profile: 'client', ca: true })), reason: 'ca_as_leaf' },
  { what: 'missing intermediate', identity: await (async () => { const { cert, key } = await intermediate.issue({ profile: 'client' }); return { cert, key } })(), reason: 'unknown_ca' }
]

for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
  for (const http2 of [false, true]) {
    const protocol = http2 ? 'HTTP/2' : 'HTTP/1.1'
    const pinned = { minVersion: version, maxVersion: version }

    test(`${version}, ${protocol}: each bad certificate is refused on a new connection, with its reason`, async (t) => {
      const world = await startWorld(t, { ca, crl: true, settings: { http2 } as any })
      for (const { what, identity, reason } of rows) {
        const before = world.refusals.length
        if (http2) {
          const session = (await import('node:http2')).connect(world.origin, { ...(identity === undefined ? {} : identity), secureContext: createSecureContext({ ca: ca.root, ...identity, ...pinned }) })
          session.on('error', () => {})
          const stream = session.request({ ':path': '/' })
          let answered = false
          stream.on('response', () => { answered = true })
          stream.on('error', () => {})
          await new Promise<void>((resolve) => { session.once('close', () => { resolve() }) })
          t.equal(answered, false, what)
        } else {
          t.equal((await callRaw(world, identity, pinned)).status, undefined, what)
        }
        t.match(world.refusals.slice(before), [{ reason, protocol: version }], what)
      }
    })

    test(`${version}, ${protocol}: a good certificate, and one with its intermediate, pass`, async (t) => {
      const world = await startWorld(t, { ca, crl: true, settings: { http2 } as any })
      // The intermediate's own leaf needs a CRL of the intermediate under the hard policy.
      for (const [what, issued, status] of [['direct', await ca.issue({ profile: 'client' }), 200], ['deep', await intermediate.issue({ profile: 'client' }), undefined]] as const) {
        if (!http2) t.equal((await callRaw(world, of(issued), pinned)).status, status, what)
        else if (status !== undefined) {
          const session = await openSession(world, of(issued), { secureContext: createSecureContext({ ca: ca.root, ...of(issued), ...pinned }) })
          t.match(await callSession(session), { status })
          session.close()
        }
      }
      if (!http2) t.match(world.refusals, [{ reason: 'revocation_unknown' }])
    })
  }
}
