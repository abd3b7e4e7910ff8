import { test } from 'tap'
import { createPartialIdentity, limitPeerIdentity } from '@peerkit/identity'
import type { ClaimKind, PeerIdentity } from '@peerkit/identity'
import { compileRules, explain } from '../src/index.ts'
import type { AllowRule } from '../src/index.ts'

const ID = 'spiffe://td/ns/a/sa/web'
const full = createPartialIdentity({
  subject: 'CN=web,O=Acme,OU=ops',
  issuer: 'CN=CA',
  subjectAltNames: {
    dns: ['web.example'], uri: [ID], email: ['a@b.example'], ip: ['192.0.2.1'], directoryName: [], otherName: []
  },
  policies: ['1.2.3'],
  source: 'tls',
})
const withUri = createPartialIdentity({
  subject: 'CN=web', subjectAltNames: { uri: ['https://a.example/x'] }, source: 'tls'
})

/** 1 yes, 0 no, undefined unknown: what a rule says of a peer. */
function ask (rule: AllowRule, peer: PeerIdentity): 0 | 1 | undefined {
  const verdict = compileRules([rule]).authorize(peer) as { allowed: boolean, reason?: string }
  return verdict.allowed ? 1 : verdict.reason === 'no_match' ? 0 : undefined
}

/** A kind, a peer, a rule that holds for it, and one that does not. */
const CASES: readonly [ClaimKind, PeerIdentity, AllowRule, AllowRule][] = [
  ['subject', full, { cn: 'web' }, { cn: 'x' }],
  ['subject', full, { o: 'Acme' }, { o: 'x' }],
  ['subject', full, { ou: 'ops' }, { ou: 'x' }],
  ['subject', full, { subject: 'CN=web,O=Acme,OU=ops' }, { subject: 'CN=x' }],
  ['subject', full, { subject: { o: 'Acme', ou: 'ops' } }, { subject: [{ o: 'Acme', ou: 'x' }, { cn: 'x' }] }],
  ['spiffe', full, { spiffe: ID }, { spiffe: 'spiffe://td/x' }],
  ['spiffe', full, { trustDomain: 'td' }, { trustDomain: 'te' }],
  ['spiffe', full, { spiffe: 'spiffe://td' }, { spiffe: 'spiffe://te' }],
  ['spiffe', full, { spiffe: 'spiffe://td/ns/*/sa/web' }, { spiffe: ['spiffe://te/*', 'spiffe://te', 'spiffe://x/a'] }],
  ['spiffe', full, { uri: ID }, { uri: 'https://a.example/' }],
  ['dns', full, { dns: 'web.example' }, { dns: 'x.example' }],
  ['dns', full, { dns: '*.example' }, { dns: ['*.x', 'x'] }],
  ['uri', withUri, { uri: 'https://a.example/x' }, { uri: 'https://a.example/y' }],
  ['uri', withUri, { uri: 'https://a.example/*' }, { uri: ['https://b.example/*', ID] }],
  ['email', full, { email: 'a@b.example' }, { email: 'c@b.example' }],
  ['ip', full, { ip: '192.0.2.0/24' }, { ip: ['10.0.0.1', '10.0.0.0/8'] }],
  ['policy', full, { policy: '1.2.3' }, { policy: '1.2.4' }],
]

test('a key is known where its kind is believed, and unknown where it is not; so is its negation', async (t) => {
  for (const [kind, peer, holds, fails] of CASES) {
    const name = `${kind} ${JSON.stringify(holds)}`
    for (const believed of [limitPeerIdentity(peer, 'p', []), limitPeerIdentity(peer, 'p', ['upn'])]) {
      t.equal(ask(holds, believed), 1, name)
      t.equal(ask(fails, believed), 0, name)
      t.equal(ask({ not: holds }, believed), 0, name)
      t.equal(ask({ not: fails }, believed), 1, name)
    }
    const limited = limitPeerIdentity(peer, 'p', [kind])
    for (const rule of [holds, fails, { not: holds }, { not: fails }, { not: { not: holds } }]) {
      t.equal(ask(rule as AllowRule, limited), undefined, `${name} not believed: ${JSON.stringify(rule)}`)
    }
    t.equal(ask({ authority: 'q', ...holds }, limited), 0, 'another key that fails settles it')
    t.equal(ask({ not: { authority: 'q', ...holds } }, limited), 1)
    t.equal(ask({ authority: 'p', not: { authority: 'p', ...holds } }, limited), undefined)
  }
})

test('an authority is known or unknown, and compared exactly', async (t) => {
  const peer = limitPeerIdentity(full, 'partner', [])
  t.equal(ask({ authority: 'partner' }, peer), 1)
  t.equal(ask({ authority: ['internal', 'partner'] }, peer), 1)
  t.equal(ask({ authority: 'Partner' }, peer), 0)
  t.equal(ask({ not: { authority: 'internal' } }, peer), 1)
  t.equal(ask({ authority: 'partner' }, full), undefined)
  t.equal(ask({ not: { authority: 'partner' } }, full), undefined)
  const forwarded = createPartialIdentity({ subject: 'CN=web', via: [limitPeerIdentity(full, 'edge', [])] })
  t.equal(ask({ cn: 'web', via: { authority: 'edge' } }, forwarded), 1)
  t.equal(ask({ cn: 'web', via: { authority: 'partner' } }, forwarded), 0)
  t.equal(ask({ cn: 'web', authority: 'edge' }, forwarded), undefined, 'a gateway vouches for itself only')
})

test('a peer without a SPIFFE ID is known to have none, whether or not other URIs are believed', async (t) => {
  const peers = (uri: string[]): PeerIdentity => createPartialIdentity({ subject: 'CN=a', subjectAltNames: { uri } })
  for (const uri of [[], ['https://a.example/x'], ['https://a.example/x', ID]]) {
    for (const hidden of [[], ['uri'], ['uri', 'dns']] as ClaimKind[][]) {
      const peer = limitPeerIdentity(peers(uri), 'p', hidden)
      for (const spiffe of [ID, 'spiffe://td', 'spiffe://td/*']) {
        t.equal(ask({ spiffe }, peer), 0, `${uri} without ${hidden}`)
        t.equal(ask({ not: { spiffe } }, peer), 1)
      }
    }
    t.equal(ask({ spiffe: ID }, limitPeerIdentity(peers(uri), 'p', ['spiffe'])), undefined)
    t.equal(ask({ not: { spiffe: ID } }, limitPeerIdentity(peers(uri), 'p', ['spiffe'])), undefined)
  }
  t.equal(ask({ spiffe: ID }, limitPeerIdentity(peers([ID]), 'p', ['uri'])), 1)
})

test('what a gateway did not say stays unknown, whatever is believed', async (t) => {
  for (const known of [{ subject: 'CN=a' }, { subject: 'CN=a', subjectAltNames: { dns: [] } }]) {
    for (const hidden of [[], ['uri'], ['spiffe'], ['uri', 'spiffe']] as ClaimKind[][]) {
      const peer = limitPeerIdentity(createPartialIdentity(known), 'p', hidden)
      for (const spiffe of [ID, 'spiffe://td', 'spiffe://td/*']) {
        t.equal(ask({ spiffe }, peer), undefined)
        t.equal(ask({ not: { spiffe } }, peer), undefined)
      }
    }
  }
})

const failing = (rule: AllowRule, peer: PeerIdentity): object | undefined => explain([rule], peer).closest?.failed[0]
const KINDS: readonly ClaimKind[] = ['subject', 'spiffe', 'dns', 'uri', 'email', 'ip', 'upn', 'policy', 'registeredId', 'qualified', 'admission', 'extension']
const only = (...believed: ClaimKind[]): ClaimKind[] => KINDS.filter((kind) => !believed.includes(kind))

test('says what the certificate claims where it is not believed, and who vouches for what', async (t) => {
  const claims: [AllowRule, string[]][] = [
    [{ cn: 'web' }, ['web']], [{ o: 'x' }, ['Acme']], [{ ou: 'ops' }, ['ops']],
    [{ subject: 'CN=x' }, ['CN=web,O=Acme,OU=ops']], [{ dns: 'a' }, ['web.example']],
    [{ email: 'a@b' }, ['a@b.example']], [{ ip: '10.0.0.1' }, ['192.0.2.1']], [{ policy: '1.2' }, ['1.2.3']],
  ]
  const partner = limitPeerIdentity(full, 'partner', only('spiffe'))
  for (const [rule, found] of claims) {
    t.match(failing(rule, partner), {
      result: 'unknown', found, isClaim: true, note: 'not believed: authority "partner" vouches for spiffe only'
    }, JSON.stringify(rule))
  }
  t.match(failing({ uri: 'urn:a:b' }, limitPeerIdentity(withUri, 'partner', only('spiffe', 'dns'))), {
    found: ['https://a.example/x'],
    isClaim: true,
    note: 'not believed: authority "partner" vouches for spiffe and dns only'
  })
  t.match(failing({ spiffe: ID }, limitPeerIdentity(full, 'partner', only('subject', 'dns', 'upn', 'uri'))), {
    found: [ID], isClaim: true, note: 'not believed: authority "partner" vouches for subject, dns, uri and upn only'
  })
  t.match(failing({ uri: ID }, limitPeerIdentity(full, 'partner', ['spiffe'])), {
    found: [ID],
    isClaim: true,
    note: 'not believed: authority "partner" vouches for subject, dns, uri, email, ip, upn, policy, registeredId, ' +
      'qualified, admission and extension only'
  }, 'a SPIFFE ID among the URIs')
  t.match(failing({ cn: 'web' }, limitPeerIdentity(full, 'partner', only())), {
    note: 'not believed: authority "partner" vouches for no names'
  })
})

test('the text never states a claim as a fact', async (t) => {
  const partner = limitPeerIdentity(full, 'partner', only('spiffe'))
  t.equal(String(explain([{ spiffe: ID, ou: 'ops' }], partner)), [
    'not allowed by the rules: incomplete_identity',
    `peer: ${ID}`,
    'closest: rules[0]; spiffe holds',
    '  ou: expected "ops", the certificate claims "ops" (not believed: authority "partner" vouches for spiffe only)',
  ].join('\n'))
  const silent = limitPeerIdentity(createPartialIdentity({ subject: 'CN=a' }), 'partner', ['email'])
  t.match(String(explain([{ email: 'a@b' }], silent)), /email: expected "a@b", found unknown \(not believed: /)
})

test('explains a not that is unknown, an authority that nobody knows, and a limited gateway', async (t) => {
  const partner = limitPeerIdentity(full, 'partner', ['subject'])
  t.match(failing({ not: { ou: 'x' } }, partner), {
    key: 'not',
    note: 'too little is known to rule it out; ' +
      'not believed: authority "partner" vouches for spiffe, dns, uri, email, ip, upn, policy, registeredId, ' +
      'qualified, admission and extension only',
    within: { failed: [{ key: 'ou', found: ['ops'], isClaim: true }] },
  })
  t.match(failing({ authority: 'partner' }, full), {
    result: 'unknown', found: undefined, isClaim: false, note: 'the identity has no authority'
  })
  t.match(failing({ authority: 'Partner' }, partner), {
    result: 'mismatch', found: ['partner'], isClaim: false, note: /differs only in case/
  })
  const forwarded = createPartialIdentity({ subject: 'CN=a', via: [partner] })
  t.match(String(explain([{ cn: 'a', via: { cn: 'web' } }], forwarded)),
    /gateway: rules\[0\]\.via\n {6}cn: expected "web", the certificate claims "web" \(not believed/)
})

test('looks for what is wrong with a SPIFFE ID among URIs that are not believed', async (t) => {
  const note = (uri: readonly string[]): string | undefined => {
    const peer = limitPeerIdentity(createPartialIdentity({ subjectAltNames: { uri } }), 'p', ['uri'])
    return explain([{ spiffe: ID }], peer).closest?.failed[0]?.note
  }
  t.equal(note(['https://a.example/x']), 'the URI name is not a SPIFFE ID')
  t.match(note([ID, 'https://a.example/x']), /2 URI names/)
  t.equal(note([]), 'the certificate has no URI name')
})

test('describes an authority', async (t) => {
  t.equal(compileRules([{ cn: 'a', authority: ['internal', 'partner'], via: { authority: 'edge' } }]).describe(),
    '- CN is "a" and authority is "internal" or "partner" and the nearest gateway has (authority is "edge")')
})
