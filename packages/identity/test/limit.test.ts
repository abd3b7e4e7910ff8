import { test } from 'tap'
import { claimsOf, createPartialIdentity, limitPeerIdentity, relinkPeerIdentity } from '../src/index.ts'

const full = createPartialIdentity({
  subject: 'CN=web,OU=billing',
  issuer: 'CN=Internal CA',
  subjectAltNames: {
    dns: ['web.example'],
    uri: ['spiffe://prod.example/web'],
    email: ['a@b.example'],
    ip: ['192.0.2.1'],
    directoryName: ['CN=x'],
    otherName: [{ type: '1.2.3' }],
    registeredId: ['1.2.3']
  },
  policies: ['1.2.3'],
  serialNumber: '01',
  fingerprint256: 'ab'.repeat(32)
})

test('what an authority does not vouch for is unknown, and the rest stays', async (t) => {
  const peer = limitPeerIdentity(full, 'partner', ['subject', 'dns', 'upn', 'policy', 'registeredId'])
  t.equal(peer.authority, 'partner')
  t.same(peer.notBelieved, ['subject', 'dns', 'upn', 'policy', 'registeredId'])
  t.equal(peer.subject, undefined)
  t.equal(peer.policies, undefined)
  t.match(peer.subjectAltNames, {
    dns: [],
    directoryName: [],
    otherName: [],
    registeredId: [],
    uri: ['spiffe://prod.example/web'],
    email: ['a@b.example'],
    ip: ['192.0.2.1']
  })
  t.same([...peer.subjectAltNames!.unknown].sort(), ['directoryName', 'dns', 'otherName', 'registeredId'])
  t.equal(peer.spiffeId, 'spiffe://prod.example/web')
  t.match(peer, { serialNumber: '01', fingerprint256: 'ab'.repeat(32), source: 'forwarded' })
  t.equal(String(peer.issuer), 'CN=Internal CA', 'who issued it was verified')
  t.ok(Object.isFrozen(peer) && Object.isFrozen(peer.notBelieved) && Object.isFrozen(peer.subjectAltNames))
})

test('SPIFFE IDs and other URIs stand in one list, which is known where all of it is believed', async (t) => {
  const uri = (list: string[], hidden: Parameters<typeof limitPeerIdentity>[2]) => {
    const peer = limitPeerIdentity(
      createPartialIdentity({ subject: 'CN=a', subjectAltNames: { uri: list } }), 'p', hidden
    )
    return { list: peer.subjectAltNames!.uri, known: !peer.subjectAltNames!.unknown.includes('uri'), id: peer.spiffeId }
  }
  const id = 'spiffe://prod.example/web'
  t.same(uri([id], ['uri']), { list: [id], known: false, id })
  t.same(uri([id], ['spiffe']), { list: [], known: false, id: undefined })
  t.same(uri(['SPIFFE://prod.example/web'], ['spiffe']), { list: [], known: false, id: undefined })
  t.same(uri(['https://a.example/'], ['spiffe']), { list: ['https://a.example/'], known: true, id: undefined })
  t.same(uri(['https://a.example/'], ['uri']), { list: [], known: false, id: undefined })
  t.same(uri([id, 'https://a.example/'], ['uri']), { list: [id], known: false, id: undefined })
  t.same(uri([id, 'https://a.example/'], ['spiffe']), { list: ['https://a.example/'], known: false, id: undefined })
  t.same(uri([], ['uri']), { list: [], known: false, id: undefined })
})

test('the claims stay at hand for logs, through links and further limits', async (t) => {
  const peer = limitPeerIdentity(full, 'partner', ['subject'])
  const linked = relinkPeerIdentity(peer, { via: [full] })
  t.equal(String(claimsOf(linked).subject), 'CN=web,OU=billing')
  t.match(linked, { authority: 'partner', notBelieved: ['subject'], subject: undefined })
  const again = limitPeerIdentity(linked, 'other', ['dns'])
  t.equal(String(again.subject), 'CN=web,OU=billing')
  t.match(again, { authority: 'other', notBelieved: ['dns'], via: [full] })
  t.equal(claimsOf(full), full)
})

test('an authority without limits changes nothing but the name of who vouches', async (t) => {
  const peer = limitPeerIdentity(full, 'default', [])
  t.match(peer, {
    authority: 'default',
    notBelieved: [],
    subject: full.subject,
    policies: full.policies,
    subjectAltNames: full.subjectAltNames
  })
  t.notMatch(JSON.stringify(peer), /notBelieved/)
  t.match(JSON.stringify(limitPeerIdentity(full, 'partner', ['dns'])), /"authority":"partner".*"notBelieved":\["dns"\]/)
})

test('the trust domain is that of the SPIFFE ID, and is believed with it', async (t) => {
  t.equal(full.trustDomain, 'prod.example')
  t.equal(limitPeerIdentity(full, 'partner', ['subject']).trustDomain, 'prod.example')
  t.equal(limitPeerIdentity(full, 'partner', ['spiffe']).trustDomain, undefined)
  t.equal(claimsOf(limitPeerIdentity(full, 'partner', ['spiffe'])).trustDomain, 'prod.example')
  t.notOk('trustDomain' in (full.toJSON() as object), 'the SPIFFE ID says it already')
  const withUri = (uri: string[]): string | undefined => {
    return createPartialIdentity({ subjectAltNames: { uri } }).trustDomain
  }
  t.equal(withUri(['spiffe://td/a', 'urn:b']), undefined, 'no X.509-SVID')
  t.equal(withUri(['https://td/a']), undefined)
})
