import { createPartialIdentity, limitPeerIdentity, parsePeerIdentity } from '@peerkit/identity'
import { weighIdentity } from '@peerkit/identity/internal'
import { test } from 'tap'
import {
  certificate, directoryName, dns, email, extension, ip, name, otherName, subjectAltName, uri
} from '../fixtures/certificate.ts'
import { element, oid, sequence } from '../fixtures/der.ts'

const BARE = certificate()
const bare = weighIdentity(parsePeerIdentity(BARE))

/** What each of 100 names adds beyond its octets in the certificate, in bytes. */
function costOfEach (names: Buffer): number {
  const der = certificate({ extensions: [subjectAltName(...Array.from({ length: 100 }, () => names))] })
  return (weighIdentity(parsePeerIdentity(der)) - bare - 2 * (der.length - BARE.length)) / 100
}

test('a usual certificate weighs a few thousand bytes, some of them for each octet', async (t) => {
  t.ok(bare > 2_000 && bare < 4_000, String(bare))
  const padded = certificate({ extensions: [extension('1.2.3.4', Buffer.alloc(1_000))] })
  t.equal(weighIdentity(parsePeerIdentity(padded)) - bare, 2 * (padded.length - BARE.length))
})

test('each name weighs what reading it takes, not what its octets do', async (t) => {
  t.strictSame([dns('ab'), uri('a:b'), email('a@b')].map(costOfEach), [42, 43, 43])
  t.equal(costOfEach(ip(10, 0, 0, 1)), 48)
  t.equal(costOfEach(element(0x88, Buffer.from([0x2a, 3]))), 40, 'a short OID is one string')
  t.equal(costOfEach(element(0x88, Buffer.alloc(7, 0x2a))), 40 + 12 * '1.2.42.42.42.42.42.42'.length)
  t.equal(costOfEach(directoryName(name([['2.5.4.3', 0x0c, 'ab'], ['2.5.4.10', 0x0c, 'abc']]))), 150 + 2 * 300 + 10)
  t.equal(costOfEach(directoryName(name())), 150)
  t.equal(costOfEach(otherName('1.2.3', Buffer.from('0c026162', 'hex'))), 344)
  t.equal(costOfEach(otherName('1.2.3', Buffer.from('0500', 'hex'))), 340, 'without a text')
})

test('the attributes of a subject, purposes and policies count', async (t) => {
  const lists: ReadonlyArray<readonly [Parameters<typeof certificate>[0], number]> = [
    [{ subject: name(...Array.from({ length: 51 }, () => [['2.5.4.3', 0x0c, 'peer'] as const])) }, 50 * 308],
    [{ extensions: [extension('2.5.29.37', sequence(oid('1.2.3'), oid('1.2.4')))] }, 80],
    [{ extensions: [extension('2.5.29.32', sequence(sequence(oid('1.2.3'))))] }, 40]
  ]
  for (const [parts, more] of lists) {
    const der = certificate(parts)
    t.equal(weighIdentity(parsePeerIdentity(der)) - bare - 2 * (der.length - BARE.length), more)
  }
})

test('what an authority does not vouch for weighs all the same', async (t) => {
  const peer = parsePeerIdentity(certificate({ extensions: [subjectAltName(dns('a.example'))] }))
  t.equal(weighIdentity(limitPeerIdentity(peer, 'partner', ['dns', 'subject'])), weighIdentity(peer))
})

test('an identity without a certificate weighs what is known of it', async (t) => {
  const peer = createPartialIdentity({ spiffeId: 'spiffe://a.example/b' })
  const named = createPartialIdentity({ subject: 'CN=ab', subjectAltNames: { dns: ['ab'] } })
  t.equal(weighIdentity(peer), 1_800 + 40 + 'spiffe://a.example/b'.length)
  t.equal(weighIdentity(named), 1_800 + 304 + 42)
})
