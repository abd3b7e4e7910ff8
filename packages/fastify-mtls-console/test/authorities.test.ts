import { channel } from 'node:diagnostics_channel'
import { test } from 'tap'
import type { AuthorityMaterial } from '@peerkit/credentials'
import { createDevCa } from '@peerkit/dev-ca'
import type { DevCa } from '@peerkit/dev-ca'
import { createPartialIdentity, limitPeerIdentity, parsePeerIdentity } from '@peerkit/identity'
import { crlChecker } from '@peerkit/revocation'
import { call } from './support/call.ts'
import { plainText } from './support/plain-text.ts'
import { createWorld, form } from './support/world.ts'
import type { Test, World } from './support/world.ts'

const DAY = 86_400_000

interface Two extends World { readonly partner: DevCa, readonly origin: string }

const limits = {
  names: { spiffe: 'spiffe://partner.example', dns: ['partner.example', 'partner.test'] },
  for: 'clients'
} as const

/** The world, in which a partner's CA came to the own one as an authority with limits. */
async function createTwo (t: Test, settings: Partial<AuthorityMaterial> = {}): Promise<Two> {
  const world = await createWorld(t)
  const partner = await createDevCa({ name: 'Partner Root' })
  const internal = { ca: world.ca.root, names: 'any' } as const
  const theirs = { ca: partner.root, ...limits, ...settings }
  world.credentials.update({ ca: undefined, authorities: { internal, partner: theirs } })
  await world.app.listen({ host: '127.0.0.1', port: 0 })
  return { ...world, partner, origin: world.app.listeningOrigin }
}

/** The text of a page, or of what stands between two of its texts. */
function textOf (page: string, from = '', to = '</main>'): string {
  const start = page.indexOf(from)
  return plainText(page.slice(start, page.indexOf(to, start)))
}

const spiffe = 'spiffe://partner.example/web'
const web = { profile: 'client', cn: 'web', ou: 'billing', spiffe, email: 'web@ours.example' } as const

async function judge ({ ask }: World, certificate: string): Promise<any> {
  return (await ask({ method: 'POST', url: '/console/what-if', payload: { certificate } })).json()
}

async function judgePage ({ ask }: World, certificate: string): Promise<string> {
  const { payload, headers } = form({ certificate })
  const request = { method: 'POST', url: '/console/what-if', payload: payload as string } as const
  return textOf((await ask({ ...request, headers: { ...headers, accept: 'text/html' } })).body)
}

test('the trust page has each authority with what it vouches for, its CAs and its clients', async (t) => {
  const world = await createTwo(t, { algorithms: { minRsaBits: 3072, curves: ['prime256v1'] } })
  const { ca, partner, origin, get, data } = world
  const ledger = await ca.issue({ profile: 'client', cn: 'ledger', ou: 'billing' })
  t.equal(await call(origin, ca.root, ledger, '/accounts'), 200)
  t.equal(await call(origin, ca.root, await partner.issue(web), '/accounts'), 403)
  const page = await get('/trust')
  const internal = textOf(page, '<h3 id="authority-internal">', '</section>')
  const theirs = textOf(page, '<h3 id="authority-partner">', '</section>')
  t.match(internal, /^internal For clients and servers Vouches for every name Revocation no CRLs /)
  t.match(internal, /Clients seen 1 Trusted CAs and their clients .* CN=Test CA,.* 1: ledger$/)
  t.match(theirs, new RegExp('^partner For clients ' +
    'Vouches for SPIFFE IDs within spiffe://partner.example DNS names within partner.example, partner.test ' +
    'Not believed subject, other URI, mail address, IP address, user principal name, certificate policy, registered ID, qualified statement, admission, extension ' +
    'Signatures and keys curves prime256v1; RSA of at least 3072 bits '))
  t.match(theirs, /Clients seen 1 Trusted CAs and their clients .* CN=Partner Root,.* 1: spiffe:\/\/partner\.example\/web$/)
  t.notMatch(theirs, /servers alone|Paths|below no CA/)
  const { trust } = await data()
  const clients = [{ name: spiffe }]
  t.match(trust, {
    hasNamedAuthorities: true,
    authorities: [
      { name: 'internal', for: 'both', names: 'any', notBelieved: [], clients: [{ name: 'ledger' }] },
      { name: 'partner', for: 'clients', names: limits.names, partial: false, hasLists: false, clients }
    ],
    anchors: [{ authority: 'internal' }, { authority: 'partner', clients }]
  })
  t.same(trust.authorities[1].notBelieved, ['subject', 'uri', 'email', 'ip', 'upn', 'policy', 'registeredId', 'qualified', 'admission', 'extension'])
})

test('one authority without limits looks as CAs without authorities do', async (t) => {
  const world = await createWorld(t)
  const { ca, app, credentials, get, data, issue, as } = world
  await app.listen({ host: '127.0.0.1', port: 0 })
  const client = await ca.issue({ profile: 'client', cn: 'ledger', ou: 'ops' })
  t.equal(await call(app.listeningOrigin, ca.root, client, '/accounts'), 403)
  await as(await issue({ cn: 'x' }), '/accounts')
  for (const page of ['/trust', '/clients', '/log']) {
    const text = textOf(await get(page)).toLowerCase().replace('name, issuer, authority, fingerprint', '')
    t.notMatch(text, /authorit|claim/, page)
  }
  t.notMatch(await get('/trust'), '<h3')
  const { trust } = await data()
  t.match(trust, { hasNamedAuthorities: false, authorities: [{ name: 'default', names: 'any' }] })
  t.match(trust.anchors, [{ authority: 'default' }])
  t.match((await judge(world, client.cert)).handshake, { authority: 'default' })
  credentials.update({ ca: undefined, authorities: { default: { ca: ca.root, for: 'clients' } } })
  t.equal((await data()).trust.hasNamedAuthorities, true, 'a limit is worth a word')
})

test("a client's page and the lists show its authority, and what it claims as a claim", async (t) => {
  const { ca, partner, origin, get, data } = await createTwo(t)
  const client = await partner.issue({ ...web, policies: ['1.2.3'] })
  t.equal(await call(origin, ca.root, client, '/accounts'), 403)
  const { clients } = await data()
  const claimed = ['subject CN=web,OU=billing', 'e-mail web@ours.example', 'policy 1.2.3']
  const certificate = { authority: 'partner', spiffeId: spiffe, names: [`URI ${spiffe}`] }
  t.match(clients, [{ authority: 'partner', certificate }])
  t.same(clients[0].certificate.claimed, claimed)
  t.equal(clients[0].certificate.subject, undefined)
  const page = textOf(await get(`/clients?client=${clients[0].key}`))
  t.match(page, `Claimed, not believed ${claimed.join(' ')} Issuer`)
  t.match(page, 'Authority partner Does not vouch for subject, other URI, mail address,')
  const row = new RegExp(`${spiffe} claims subject CN=web, OU=billing, not believed 20.* Partner Root authority partner `)
  for (const q of ['billing', 'partner root', 'web@ours.example', 'partner']) {
    t.match(textOf(await get(`/clients?q=${q}`)), row, q)
  }
  const log = textOf(await get('/log?q=billing&kind=denied'))
  t.match(log, 'authority: partner claims to be, not believed: CN=web, OU=billing rules: config.allowedClients')
  t.match(log, 'or its authority does not vouch for the names in the rules')
})

test('a client below no CA that is known here is shown with the authority that it was known by', async (t) => {
  const { get, data } = await createTwo(t)
  const peer = limitPeerIdentity(createPartialIdentity({ subject: 'CN=far', spiffeId: spiffe }), 'partner', ['subject'])
  const message = { v: 1, time: Date.now(), peer, remoteAddress: undefined, resumed: false }
  channel('peerkit:connection:identified').publish(message)
  t.match((await data()).clients, [{ authority: 'partner', certificate: { claimed: ['subject CN=far'] } }])
  const text = textOf(await get('/trust'), '<h3 id="authority-partner">', '</section>')
  t.match(text, /Clients seen 1 Of these, CA not known or removed 1: spiffe:\/\/partner\.example\/web /)
})

test('a pasted certificate is judged by its authority, and rules see of it what is believed', async (t) => {
  const world = await createTwo(t)
  const { ca, partner } = world
  const theirs = await judge(world, (await partner.issue(web)).cert)
  t.match(theirs, {
    handshake: { accepted: true, authority: 'partner' },
    certificate: { authority: 'partner', claimed: ['subject CN=web,OU=billing', 'e-mail web@ours.example'] }
  })
  const notes = Object.fromEntries(theirs.handshake.checks.map(({ name, note }: any) => [name, note]))
  t.match(notes, {
    Issuer: /^leads to CN=Partner Root.*, a CA of authority "partner"$/,
    Names: 'within what authority "partner" vouches for; ' +
      'claimed and not believed: subject CN=web,OU=billing, e-mail web@ours.example',
    Use: 'allowed for clients'
  })
  const outcome = ({ routes }: any, route: string): string => routes.find((one: any) => one.route === route).outcome
  t.equal(outcome(theirs, 'GET, HEAD /accounts'), 'denied', 'the OU is a claim')
  const claiming = {
    upn: 'anna@corp.example',
    otherName: { oid: '1.2.4', value: 5 },
    registeredId: '1.2.3',
    directoryName: [{ type: 'O', value: 'Acme' }],
    qualified: { compliance: false, type: 'web' },
    admission: { profession: 'Arzt' }
  } as const
  const claims = [
    'user principal name anna@corp.example', 'directory name O=Acme', 'registered ID 1.2.3', 'other name 1.2.4 integer 5',
    'qualified type web', 'qualified statement 0.4.0.1862.1.6', 'admission profession Arzt'
  ]
  const partners = await judge(world, (await partner.issue({ ...web, ...claiming })).cert)
  t.same(partners.certificate.claimed.slice(2), claims)
  const own = await judge(world, (await ca.issue({ profile: 'client', cn: 'x', ...claiming })).cert)
  t.same([own.certificate.names, own.certificate.claimed], [claims, []])
  const ours = await judge(world, (await ca.issue({ profile: 'client', cn: 'x', ou: 'billing' })).cert)
  t.match(ours, { handshake: { accepted: true, authority: 'internal' } })
  t.equal(outcome(ours, 'GET, HEAD /accounts'), 'allowed')

  const forger = await partner.issue({ ...web, spiffe: 'spiffe://prod.example/ledger' })
  const forged = await judge(world, forger.cert)
  t.match(forged.handshake, {
    accepted: false,
    reason: 'outside_authority',
    detail: { step: 'outside_authority', message: /"spiffe:\/\/prod\.example\/ledger".* authority "partner"/ },
    hint: /Widen names if the certificate is right/
  })
  t.notOk(Object.hasOwn(forged.handshake, 'authority'))
  t.same(forged.handshake.checks.filter(({ holds }: any) => holds === false).map(({ name }: any) => name), ['Names'])
  const outside = 'outside of what authority "partner" vouches for'
  const page = await judgePage(world, forger.cert)
  t.match(page, new RegExp(`✕ Names spiffe://prod.* ${outside} .* Reason outside_authority`))
})

test('a certificate for servers alone is accepted until a day, which the pages say', async (t) => {
  const day = new Date(Date.now() + 40 * DAY).toISOString().slice(0, 10)
  const until = Date.parse(`${day}T00:00:00Z`)
  const world = await createTwo(t, { serverAuthOnly: { acceptUntil: day } })
  const { ca, partner, get, data } = world
  const { cert } = await partner.issue({ cn: 'web', dns: 'web.partner.example', profile: 'server' })
  const { handshake } = await judge(world, cert)
  t.match(handshake, { accepted: true, authority: 'partner', acceptedUntil: until })
  const note = `only serverAuth, which authority "partner" accepts until ${day}T00:00:00.000Z`
  t.match(handshake.checks, [{ name: 'Time' }, { name: 'Issuer' }, { name: 'Use', holds: true, note }])
  t.match(await judgePage(world, cert), `The handshake would accept it, until ${day} 00:00:00 (UTC).`)
  const ours = await judge(world, (await ca.issue({ cn: 'x', profile: 'server' })).cert)
  t.match(ours.handshake, { accepted: false, reason: 'wrong_purpose' })
  const client = await judge(world, (await partner.issue(web)).cert)
  t.match(client.handshake, { accepted: true })
  t.notOk(Object.hasOwn(client.handshake, 'acceptedUntil'), 'it is for clients')
  const told = `Certificates with only serverAuth accepted from clients until ${day} 00:00:00 in 39 days`
  t.match(textOf(await get('/trust')), told)
  t.equal((await data()).trust.authorities[1].serverAuthOnlyUntil, until)
})

test('a day that is over is marked', async (t) => {
  const { get } = await createTwo(t, { serverAuthOnly: { acceptUntil: '2020-01-01' } })
  t.match(textOf(await get('/trust')), 'Certificates with only serverAuth no longer accepted since 2020-01-01 00:00:00')
})

test('the history of rotations says which authorities came, went, or got other limits', async (t) => {
  const { ca, partner, credentials, get, data } = await createTwo(t)
  const internal = { ca: ca.root, names: 'any' } as const
  const narrowed = { ca: partner.root, for: 'clients', names: { spiffe: 'spiffe://partner.example/api' } } as const
  credentials.update({ authorities: { internal, partner: narrowed } })
  credentials.update({ authorities: { internal } })
  const { trust: { turns, formerAnchors } } = await data()
  const earlier = 'SPIFFE IDs within spiffe://partner.example, DNS names within partner.example, partner.test'
  t.match(turns.map(({ authorities }: any) => authorities), [
    ['authority "partner" removed'],
    [`authority "partner" vouches for SPIFFE IDs within spiffe://partner.example/api; before for ${earlier}`],
    [
      'authority "internal" added: for clients and servers, vouches for every name',
      `authority "partner" added: for clients, vouches for ${earlier}`,
      'authority "default" removed',
      /^CN=Test CA,.* moved from authority "default" to "internal"$/
    ],
    []
  ])
  t.match(formerAnchors, [{ authority: 'partner', certificate: { subject: /^CN=Partner Root/ } }])
  const page = textOf(await get('/trust'))
  t.match(textOf(await get('/timeline')), /removed: trusted CA CN=Partner Root, .* authority "partner" removed/)
  t.match(page, /CN=Partner Root, O=[^,]+, not for production of authority partner /)
})

test('lists and checkers are those of their authority', async (t) => {
  const partner = await createDevCa({ name: 'Partner Root' })
  const world = await createWorld(t)
  const { ca, credentials, get, data } = world
  const crl = (await partner.crl()).pem
  const checker = {
    epoch: 0,
    check: () => ({ state: 'good', source: 'ocsp', until: Date.now() + 60_000 } as const),
    permits: ({ state }: { readonly state: string }) => state === 'good',
    subscribe: () => () => {},
    close: async () => {}
  }
  const internal = { ca: ca.root, names: 'any' } as const
  const update = (settings: object): void => {
    const theirs = { ca: partner.root, names: 'any', ...settings } as const
    credentials.update({ ca: undefined, authorities: { internal, partner: theirs } })
  }
  const told = async (): Promise<string> => textOf(await get('/trust'), '<h3 id="authority-partner">', '</section>')
  update({ checker })
  t.match(await told(), 'Revocation checker Clients')
  update({ crl })
  t.match((await data()).trust.crls, [{ issuer: /^CN=Partner Root/, authority: 'partner' }])
  t.match(textOf(await get('/trust')), /CN=Partner Root, O=[^,]+, not for production of authority partner 1 /)
  t.match(await told(), 'Revocation CRLs')
  const revocationOf = async (issuer: DevCa): Promise<string> => {
    return (await judge(world, (await issuer.issue({ profile: 'client' })).cert)).handshake.checks.at(-1).note
  }
  t.equal(await revocationOf(partner), 'not revoked, or accepted by the soft policy')
  t.match(await revocationOf(ca), /^not checked/, 'of another authority')
  update({ crl, checker, partial: true })
  const asked = 'Revocation CRLs and checker, both have to accept'
  t.match(await told(), `Paths may end at any of its CAs, also intermediates ${asked}`)
})

test('lists of the checker of the server count below every authority', async (t) => {
  const other = await createDevCa({ name: 'Listed CA' })
  const crls = [(await other.crl()).der]
  const checker = crlChecker({ crls, issuers: [parsePeerIdentity(other.der)], policy: 'soft' })
  t.after(() => checker.close())
  const { ca, credentials, get, data } = await createWorld(t, { console: { revocation: checker } })
  credentials.update({ ca: undefined, authorities: { internal: { ca: ca.root } } })
  t.match(textOf(await get('/trust')), /CN=Listed CA, O=[^,]+, not for production of all authorities /)
  t.notOk(Object.hasOwn((await data()).trust.crls[0], 'authority'))
})

test('of very many authorities a page shows the first hundred', async (t) => {
  const { ca, credentials, get } = await createWorld(t)
  const authorities: Record<string, AuthorityMaterial> = { internal: { ca: ca.root, names: 'any' } }
  for (let index = 0; index < 102; index++) {
    authorities[`partner-${index}`] = { ca: (await createDevCa()).root, names: { dns: `p${index}.example` } }
  }
  credentials.update({ ca: undefined, authorities })
  const page = await get('/trust')
  t.equal(page.match(/<h3 /g)?.length, 100)
  t.match(page, '3 more authorities are in data.json.')
})
