import { rootCertificates } from 'node:tls'
import { createPartialIdentity, decodePem, parseDistinguishedName } from '@peerkit/identity'
import { test } from 'tap'
import { createDevCa } from '@peerkit/dev-ca'
import {
  bundledRoots, findOperator, findOrigin, findOriginByName, forecastClientAuth, forecastOf, otherOperator, readPublicRoots
} from '../../src/forecast/index.ts'
import { between, digicert, digicertRoot, generationY, nameOf, own, r11, read, roots, someTrust } from '@peerkit/test-support/public-cas'

const at = (day: string): number => Date.parse(`${day}T00:00:00Z`)
const chainOf = (pem: string): ReturnType<typeof read>[] => decodePem(pem).map((der) => read(der))
const day = (time: number | undefined): string => new Date(time ?? NaN).toISOString().slice(0, 10)

test('after the stop the next renewal is the loss', async (t) => {
  const leaf = await r11.issue({ cn: 'a', ...between('2026-05-01', '2026-07-30') })
  const found = forecastClientAuth(read(leaf.der), { chain: chainOf(r11.chain), now: at('2026-06-01'), roots })
  t.match(found, {
    state: 'loses',
    origin: 'public',
    evidence: 'signature',
    operator: 'Let\'s Encrypt',
    clientAuth: true,
    stop: { stopsOn: '2026-05-13' },
    nextRenewal: 'server_auth_only',
    loses: { basis: 'renewal' }
  })
  t.equal(day(found.renewal), '2026-06-30', 'a third of ninety days before the end')
  t.equal(day(found.loses?.at), '2026-06-30')
  t.equal(found.lackedBy, undefined)
})

test('with the renewal overdue it is lost at the end at the latest, and after the end it has ended', async (t) => {
  const leaf = read((await r11.issue({ cn: 'a', ...between('2026-05-01', '2026-07-30') })).der)
  const chain = chainOf(r11.chain)
  const end = at('2026-07-30')
  t.same(forecastClientAuth(leaf, { chain, now: at('2026-07-20'), roots }).loses, { at: end, basis: 'end' })
  t.match(forecastClientAuth(leaf, { chain, now: end, roots }), { state: 'loses' }, 'its last second counts')
  const ended = forecastClientAuth(leaf, { chain, now: end + 1_000, roots })
  t.equal(ended.state, 'ended')
  t.equal(ended.loses, undefined)
})

test('renewals before the stop have clientAuth once more', async (t) => {
  const leaf = read((await digicert.issue({ cn: 'a', ...between('2026-11-01', '2027-01-30') })).der)
  const chain = chainOf(digicert.chain)
  const found = forecastClientAuth(leaf, { chain, now: at('2026-11-28'), roots })
  const stop = { stopsOn: '2027-03-01', source: /DigiCert/ }
  t.match(found, { state: 'loses', nextRenewal: 'client_auth_possible', stop })
  t.equal(day(found.renewal), '2026-12-31')
  t.same(found.loses, { at: at('2027-03-01'), basis: 'stop' })
  const late = forecastClientAuth(leaf, { chain, now: at('2027-01-15'), roots })
  t.same([late.nextRenewal, late.loses?.basis], ['client_auth_possible', 'stop'], 'an overdue renewal counts from now')
})

test('a certificate, or a CA above it, that is for servers alone lacks clientAuth', async (t) => {
  const now = at('2026-11-28')
  const server = read((await r11.issue({ cn: 'a', profile: 'server', ...between('2026-11-01', '2027-01-30') })).der)
  const found = forecastClientAuth(server, { chain: chainOf(r11.chain), now, roots })
  t.match(found, { state: 'lacks', clientAuth: false, lackedBy: String(server), nextRenewal: 'server_auth_only' })
  t.equal(found.loses, undefined)
  const both = read((await generationY.issue({ cn: 'b', ...between('2026-11-01', '2027-01-30') })).der)
  t.match(forecastClientAuth(both, { chain: chainOf(generationY.chain), now, roots }), {
    state: 'lacks', clientAuth: false, lackedBy: /^CN=YR1/
  })
  const any = await r11.issue({ cn: 'c', extendedKeyUsage: [], ...between('2026-11-01', '2027-01-30') })
  const anything = read(any.der)
  t.match(forecastClientAuth(anything, { chain: chainOf(r11.chain), now, roots }), { state: 'loses', clientAuth: true })
})

test('signatures beat names', async (t) => {
  const now = at('2026-11-28')
  const period = between('2026-11-01', '2027-01-30')
  const ours = read((await own.issue({ cn: 'a', ...period })).der)
  t.match(forecastClientAuth(ours, { chain: [read(own.der)], now, roots }), {
    state: 'not_affected', origin: 'private', evidence: 'signature', operator: undefined, loses: undefined
  })
  t.match(forecastClientAuth(ours, { now, roots }), { state: 'not_affected', origin: 'private', evidence: 'none' })
  const subject = [{ type: 'O', value: 'DigiCert Inc' }, { type: 'CN', value: 'Private CA of Example' }]
  const alike = await createDevCa({ subject, days: 900 })
  const leaf = read((await alike.issue({ cn: 'a', ...period })).der)
  const chain = [read(alike.der)]
  t.match(forecastClientAuth(leaf, { chain, now, roots }), { origin: 'private', evidence: 'signature' })
  t.match(forecastClientAuth(leaf, { now, roots }), { origin: 'public', evidence: 'issuer_name', operator: 'DigiCert' })
  const r11Leaf = read((await r11.issue({ cn: 'a', ...period })).der)
  t.match(forecastClientAuth(r11Leaf, { now, roots }), { evidence: 'issuer_name', operator: 'Let\'s Encrypt' })
})

test('other public roots have the day of Chrome', async (t) => {
  const leaf = read((await someTrust.issue({ cn: 'a', ...between('2026-11-01', '2027-10-01') })).der)
  const found = forecastClientAuth(leaf, { now: at('2026-11-28'), roots })
  t.match(found, {
    origin: 'public',
    evidence: 'signature',
    operator: 'Some Trust',
    stop: { stopsOn: '2027-03-15', source: 'Chrome Root Program Policy' }
  })
  t.equal(day(found.renewal), '2027-06-11')
  t.equal(day(found.loses?.at), '2027-06-11')
  const middle = await someTrust.intermediate({ subject: [{ type: 'O', value: 'A reseller' }], days: 900 })
  const resold = read((await middle.issue({ cn: 'a' })).der)
  const chain = [read(middle.der)]
  t.match(forecastClientAuth(resold, { chain, roots }), { evidence: 'signature', operator: 'Some Trust' })
})

test('a root without an organisation is known by its whole name', (t) => {
  const root = roots.certificates[0]
  const other = bundledRoots().certificates.find(({ subject }) => subject?.organization === undefined)
  t.equal(bundledRoots().operatorOf(other?.subject)?.name, String(other?.subject))
  const operator = String(other?.subject)
  t.match(forecastClientAuth(other ?? read(own.der)), { origin: 'public', evidence: 'signature', operator })
  t.equal(bundledRoots().operatorOf(read(own.der).subject), undefined)
  t.match(findOriginByName(root?.subject, [], roots), { kind: 'public', operator: { name: 'Let\'s Encrypt' } })
  t.match(findOriginByName(undefined, [], roots), { kind: 'private', evidence: 'none' })
  const resold = { kind: 'public', evidence: 'issuer_name', path: [], operator: { name: 'Let\'s Encrypt' } }
  t.match(findOriginByName(read(r11.der).subject, [read(r11.der)], roots), resold, 'a known CA of the name')
  t.end()
})

test('the roots of Node are public ones', (t) => {
  t.equal(bundledRoots().certificates.length, rootCertificates.length)
  t.equal(bundledRoots(), bundledRoots())
  for (const root of bundledRoots().certificates) t.equal(forecastClientAuth(root).origin, 'public', String(root))
  t.end()
})

test('operators are found by the organisation of their intermediates', (t) => {
  const known: ReadonlyArray<readonly [organization: string, name: string, stopsOn: string]> = [
    ['Let\'s Encrypt', 'Let\'s Encrypt', '2026-05-13'], ['Let\u2019s Encrypt', 'Let\'s Encrypt', '2026-05-13'],
    ['DigiCert Inc', 'DigiCert', '2027-03-01'], ['DigiCert, Inc.', 'DigiCert', '2027-03-01'],
    ['Sectigo Limited', 'Sectigo', '2027-03-15'], ['ZeroSSL', 'ZeroSSL', '2027-03-15'],
    ['GlobalSign nv-sa', 'GlobalSign', '2027-03-15'], ['Google Trust Services', 'Google Trust Services', '2027-03-15'],
    ['Google Trust Services LLC', 'Google Trust Services', '2027-03-15'], ['Amazon', 'Amazon', '2027-03-15'],
    ['GoDaddy.com, Inc.', 'GoDaddy', '2027-03-15'], ['Entrust, Inc.', 'Entrust', '2027-03-15'],
    ['Buypass AS-983163327', 'Buypass', '2027-03-15'], ['SSL Corporation', 'SSL.com', '2027-03-15'],
    ['Microsoft Corporation', 'Microsoft', '2027-03-15']
  ]
  for (const [organization, name, stopsOn] of known) {
    t.match(findOperator(organization), { name, stop: { stopsOn } }, organization)
  }
  const others = [undefined, '', '(STAGING) Let\'s Encrypt', 'Amazon Logistics', 'My DigiCert']
  t.same(others.map(findOperator), others.map(() => undefined))
  const exact = [
    'Let\'s Encrypt', 'Internet Security Research Group', 'COMODO CA Limited', 'The USERTRUST Network', 'ZeroSSL', 'Amazon',
    'GoDaddy.com, Inc.', 'Starfield Technologies, Inc.', 'SSL Corp', 'SSL Corporation', 'Microsoft Corporation', 'GEANT Vereniging'
  ]
  for (const organization of [...known.map(([name]) => name), ...exact, 'IdenTrust']) {
    t.ok(findOperator(organization), organization)
    t.equal(findOperator(`My ${organization}`), undefined, `My ${organization}`)
  }
  for (const organization of exact) t.equal(findOperator(`${organization}s`), undefined, `${organization}s`)
  t.end()
})

test('without the beginning of a certificate its renewal is not known', (t) => {
  const origin = findOriginByName(read(r11.der).subject, [], roots)
  const notAfter = at('2026-12-20')
  const past = forecastOf(origin, { clientAuth: undefined, notAfter, now: at('2026-11-28') })
  t.match(past, { state: 'loses', clientAuth: undefined, renewal: undefined, loses: { at: notAfter, basis: 'end' } })
  const before = forecastOf(origin, { clientAuth: undefined, notAfter, now: at('2026-05-12') })
  t.match(before, { nextRenewal: 'client_auth_possible', loses: { at: at('2026-05-13'), basis: 'stop' } })
  t.end()
})

test('the origin is what signatures show as far as they lead, and then the nearest name that is known', async (t) => {
  const [root, issuing, inner] = [digicertRoot, digicert, own].map(({ der }) => read(der))
  const reseller = await digicert.intermediate({ ...nameOf('A reseller', 'Reseller CA') })
  const [leaf, resold, ours] = await Promise.all([digicert, reseller, own].map(async (ca) => read((await ca.issue({ cn: 'a' })).der)))
  const [middle, none] = [read(reseller.der), readPublicRoots([])]
  const names = (path: readonly unknown[]): readonly string[] => path.map(String)
  for (const [what, certificate, others, known, expected, path] of [
    ['up to the root', leaf, [issuing, inner], roots, { kind: 'public', evidence: 'signature', operator: { name: 'DigiCert' } }, [issuing, root]],
    ['no further than the root', leaf, [root, issuing], roots, { kind: 'public', evidence: 'signature' }, [issuing, root]],
    ['by two intermediates', resold, [middle, issuing], roots, { kind: 'public', evidence: 'signature', operator: { name: 'DigiCert' } }, [middle, issuing, root]],
    ['the root itself', root, [], roots, { kind: 'public', evidence: 'signature', operator: { name: 'DigiCert' } }, []],
    ['an intermediate', issuing, [], roots, { kind: 'public', evidence: 'signature' }, [root]],
    ['by the name of its issuer', leaf, [], none, { kind: 'public', evidence: 'issuer_name', operator: { name: 'DigiCert' } }, []],
    ['by the name of the issuer of its issuer', resold, [middle], none, { kind: 'public', evidence: 'issuer_name', operator: { name: 'DigiCert' } }, [middle]],
    ['nothing is known of the issuer', resold, [], none, { kind: 'private', evidence: 'none', operator: undefined }, []],
    ['up to a root of no public CA', ours, [inner], none, { kind: 'private', evidence: 'signature', operator: undefined }, [inner]],
    ['up to the root of its name that is not in the list', leaf, [issuing, root], none, { kind: 'private', evidence: 'signature' }, [issuing, root]],
    ['a private root itself', inner, [], none, { kind: 'private', evidence: 'signature' }, []]
  ] as const) {
    const found = findOrigin(certificate!, others as readonly unknown[] as ReturnType<typeof read>[], known)
    t.match(found, expected, what)
    t.same(names(found.path), names(path), what)
  }
  const cross = await own.intermediate({ ...nameOf('Example', 'Cross CA') })
  t.equal(roots.holds(read(cross.der)), false)
  t.equal(roots.holds(createPartialIdentity({ subject: String(root!.subject) })), false, 'the name alone is not the key')
  t.equal(roots.holds(createPartialIdentity({ subject: 'CN=x', publicKey256: root!.publicKey256 })), false, 'the key alone is not the name')
  t.equal(roots.holds(createPartialIdentity({ publicKey256: root!.publicKey256 })), false)
  t.equal(roots.holds(createPartialIdentity({ subject: String(root!.subject), publicKey256: root!.publicKey256 })), true, 'a cross-certificate of it')
  t.equal(roots.holds(createPartialIdentity({ serialNumber: '01' })), false)
})

test('the origin of a name is that of the known CA with this name, which tells more than the name', async (t) => {
  const reseller = await digicert.intermediate({ ...nameOf('A reseller', 'Reseller CA') })
  const known = [own, reseller, digicert].map(({ der }) => read(der))
  const [inner, middle] = known
  t.match(findOriginByName(middle!.subject, known, roots), { kind: 'public', evidence: 'issuer_name', operator: { name: 'DigiCert' }, path: [] })
  t.match(findOriginByName(inner!.subject, known.toReversed(), roots), { kind: 'private', evidence: 'issuer_name', operator: undefined, path: [] })
  t.match(findOriginByName(middle!.subject, [], roots), { kind: 'private', evidence: 'none', operator: undefined })
  t.match(findOriginByName(parseDistinguishedName('CN=unknown'), known, roots), { kind: 'private', evidence: 'none' })
})

test('the operator of a name is that of the table, or of a root with the organisation or the whole name', (t) => {
  const of = (name: string): unknown => roots.operatorOf(parseDistinguishedName(name))
  t.match(of('O=DigiCert Inc,CN=anything'), { name: 'DigiCert' })
  t.same(of('CN=anything,O=Some Trust'), otherOperator('Some Trust'))
  t.equal(of('CN=Some Root'), undefined, 'not the name of the root')
  t.equal(of('CN=Some Root,O=Another'), undefined)
  t.equal(roots.operatorOf(undefined), undefined)
  t.match(findOperator('  DigiCert Inc  '), { name: 'DigiCert' })
  const known = [read(digicert.der), read(r11.der)]
  t.match(findOriginByName(known[1]!.subject, known, roots), { operator: { name: 'Let\'s Encrypt' }, path: [] }, 'the CA of the name, not the first')
  t.match(findOriginByName(undefined, [createPartialIdentity({ serialNumber: '01' })], roots), { kind: 'private', evidence: 'none', path: [] })
  t.end()
})
