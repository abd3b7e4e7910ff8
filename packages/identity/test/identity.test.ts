import { inspect } from 'node:util'
import { test } from 'tap'
import { createDevCa } from '@peerkit/dev-ca'
import { createPartialIdentity, isPeerIdentity, limitPeerIdentity, parsePeerIdentity } from '@peerkit/identity'
import { sequence, text } from './fixtures/der.ts'
import {
  certificate, directoryName, dns, email, ip, name, otherName, subjectAltName, uri
} from './fixtures/certificate.ts'

const ca = await createDevCa()
const short = (parts: Parameters<typeof certificate>[0]): string =>
  parsePeerIdentity(certificate(parts)).toString().replace(/[0-9a-f]{16}(?=\))/, 'f')

test('writes a short line for logs: what names the peer best, and the fingerprint', async (t) => {
  const subject = name([['2.5.4.10', 0x0c, 'Acme, Inc']], [['2.5.4.3', 0x0c, 'x']])
  t.equal(short({ subject, extensions: [subjectAltName(uri('spiffe://td/a'))] }), 'spiffe://td/a (sha256:f)')
  t.equal(short({ subject, extensions: [subjectAltName(uri('urn:a'))] }), 'CN=x,O=Acme\\, Inc (sha256:f)')
  for (const [one, written] of [
    [uri('urn:a'), 'urn:a'], [dns('a'), 'a'], [email('a@b'), 'a@b'], [ip(1, 2, 3, 4), '1.2.3.4']
  ] as const) {
    t.equal(short({ subject: sequence(), extensions: [subjectAltName(one)] }), `${written} (sha256:f)`)
  }
  t.equal(short({ subject: sequence() }), 'serial 0123 (sha256:f)')
  t.equal(String(createPartialIdentity({ publicKey256: 'ab'.repeat(32) })), 'unnamed')
})

test('names the nearest gateway in the line', async (t) => {
  const far = createPartialIdentity({ subject: 'CN=far' })
  const near = createPartialIdentity({ subject: 'CN=near' })
  t.equal(String(createPartialIdentity({ subject: 'CN=a', via: [far, near] })), 'CN=a via CN=near')
})

test('keeps the line short, on one line and well-formed whatever the peer is called', async (t) => {
  for (const value of [
    'x'.repeat(9999), '\n\0\u202e'.repeat(99), '😀'.repeat(999), `${'x'.repeat(226)}${'😀'.repeat(99)}`,
    `${'x'.repeat(227)}${'😀'.repeat(99)}`
  ]) {
    const peer = parsePeerIdentity(certificate({ subject: name([['2.5.4.3', 0x0c, value]]) }))
    const via = createPartialIdentity({ subject: peer.subject, via: [peer, peer] })
    for (const line of [String(peer), String(via)]) {
      t.ok(line.length <= 256)
      t.notOk(/[\p{Cc}\p{Cf}\p{Cs}]/u.test(line))
      t.ok(line.includes('…'))
    }
    t.match(String(peer), / \(sha256:[0-9a-f]{16}\)$/)
  }
})

test('writes JSON of names and numbers, without bytes or keys', async (t) => {
  const leaf = await ca.issue({
    cn: 'x', spiffe: 'spiffe://td/a', upn: 'a@b', directoryName: [{ type: 'CN', value: 'dir' }]
  })
  const peer = parsePeerIdentity(
    leaf.der, { chain: [parsePeerIdentity(ca.der)], via: [createPartialIdentity({ subject: 'CN=gw' })] }
  )
  const json = JSON.parse(JSON.stringify(peer))
  t.equal(json.subject, String(peer.subject))
  t.same(json.subjectAltNames, {
    dns: [],
    uri: ['spiffe://td/a'],
    email: [],
    ip: [],
    directoryName: ['CN=dir'],
    otherName: [{ type: '1.3.6.1.4.1.311.20.2.3', value: 'a@b' }],
    registeredId: []
  })
  t.equal(json.chain[0].isCa, true)
  t.equal(json.via[0].subject, 'CN=gw')
  t.same(Object.keys(json), ['subject', 'issuer', 'subjectAltNames', 'spiffeId', 'serialNumber', 'notBefore',
    'notAfter', 'fingerprint256', 'publicKey256', 'extendedKeyUsage',
    'policies', 'keyUsage', 'isCa', 'source', 'chain', 'via'])
  const der = Buffer.from(leaf.der)
  for (const shown of [JSON.stringify(peer), inspect(peer, { depth: 9, showHidden: true })]) {
    t.notOk(shown.includes(der.toString('base64').slice(40, 80)) || shown.includes(der.toString('hex').slice(40, 80)))
    t.notMatch(shown, /PRIVATE|raw"/)
  }
})

test('says in JSON which names are unknown', async (t) => {
  const json = JSON.parse(JSON.stringify(createPartialIdentity({ subjectAltNames: { uri: ['urn:a'] } })))
  t.same(json.subjectAltNames.unknown, ['dns', 'email', 'ip', 'directoryName', 'otherName', 'registeredId'])
})

test('cannot be imitated by an object that looks like one', async (t) => {
  const peer = parsePeerIdentity(certificate({
    extensions: [subjectAltName(directoryName(name([['2.5.4.3', 0x0c, 'x']])), otherName('1.2.3', text(0x0c, 'x')))]
  }))
  t.ok(isPeerIdentity(peer))
  t.ok(isPeerIdentity(createPartialIdentity({ subject: 'CN=x' })))
  for (const fake of [
    undefined, null, 'x', {}, { ...peer }, Object.create(peer), structuredClone(JSON.parse(JSON.stringify(peer)))
  ]) t.notOk(isPeerIdentity(fake))
})

test('commonName and its like give a value only where the subject has exactly one', async (t) => {
  const of = (subject: string): unknown[] => {
    const { commonName, organization, organizationalUnit } = createPartialIdentity({ subject, serialNumber: '01' })
    return [commonName, organization, organizationalUnit]
  }
  t.same(of('CN=alice,OU=billing,O=Example'), ['alice', 'Example', 'billing'])
  t.same(of('CN=alice,OU=billing,OU=ops'), ['alice', undefined, undefined], 'two units: neither')
  t.same(of('CN=alice+CN=bob'), [undefined, undefined, undefined], 'two in one RDN')
  t.same(of('CN=alice,CN=#0500'), [undefined, undefined, undefined], 'one of them is no text')
  t.same(of('CN=#0500'), [undefined, undefined, undefined])
  t.same(createPartialIdentity({ serialNumber: '01' }).commonName, undefined, 'an unknown subject')
  const peer = createPartialIdentity({ subject: 'CN=alice', serialNumber: '01' })
  t.notOk('commonName' in peer.toJSON(), 'the subject says it already')
  t.equal(
    limitPeerIdentity(peer, 'partner', ['subject']).commonName, undefined, 'a subject that is not believed is unknown'
  )
})
