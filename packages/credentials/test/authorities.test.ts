import { join } from 'node:path'
import { createDevCa } from '@peerkit/dev-ca'
import { createPartialIdentity, parsePeerIdentity } from '@peerkit/identity'
import { createTrustEvaluator } from '@peerkit/trust'
import type { Accepted } from '@peerkit/trust'
import { test } from 'tap'
import {
  authoritiesOf, fileCredentials, fileTrust, listCheckers, memoryCredentials, providerCredentials, renewingCredentials,
  ruleAuthoritiesOf, secureContextOptions
} from '../src/index.ts'
import { refuseSharedAnchors } from '../src/authority/check-authority.ts'
import type { CheckedAuthority } from '../src/authority/check-authority.ts'
import type { AuthorityMaterial, CredentialSnapshot } from '../src/index.ts'
import { makeFolder, nextChange } from './support/world.ts'

const [ca, partner, third] = [await createDevCa({ name: 'Internal' }), await createDevCa({ name: 'Partner' }), await createDevCa({ name: 'Third' })]
const own = await ca.issue({ cn: 'ledger', dns: 'ledger' })
const base = { cert: own.chain, key: own.key }
const internal: AuthorityMaterial = { ca: ca.root, names: 'any' }
const limited: AuthorityMaterial = { ca: partner.root, for: 'clients', names: { spiffe: 'spiffe://partner.example', dns: ['a.example', 'b.example'] } }

const namesOf = ({ authorities }: CredentialSnapshot): string[] => authorities.map(({ name }) => name)

test('authorities have CAs and limits of their own, and the snapshot all of them', async (t) => {
  const source = memoryCredentials({ ...base, authorities: { internal, partner: { ...limited, serverAuthOnly: { acceptUntil: '2099-03-15' }, partial: true } } })
  const { current } = source
  t.match(current.authorities, [
    { name: 'internal', for: 'both', names: 'any', partial: false, serverAuthOnlyUntil: undefined, revocation: undefined },
    { name: 'partner', for: 'clients', names: limited.names, partial: true, serverAuthOnlyUntil: Date.UTC(2099, 2, 15) }
  ])
  t.same(current.anchors.map(({ subject }) => subject?.commonName), ['Internal', 'Partner'])
  t.same(current.ca, [ca.root, partner.root])
  t.same(authoritiesOf(current, 'servers').map(({ name }) => name), ['internal'])
  t.same(authoritiesOf(current, 'clients').map(({ name }) => name), ['internal', 'partner'])
  t.same(secureContextOptions(current, 'servers').ca, [ca.root])
  t.same(secureContextOptions(current, 'servers').allowPartialTrustChain, undefined)
  t.same(secureContextOptions(current, 'clients').ca, [ca.root, partner.root])
  t.equal(secureContextOptions(current, 'clients').allowPartialTrustChain, true)
  t.ok(Object.isFrozen(current.authorities) && Object.isFrozen(current.authorities[0]))
  t.match(JSON.parse(JSON.stringify(current)), { authorities: [{ name: 'internal', for: 'both', names: 'any' }, { name: 'partner' }] })
  await source.close()
})

test('rules know the authorities of the other side by name, and whom they vouch for', async (t) => {
  const { current } = memoryCredentials({ ...base, authorities: { internal, partner: limited, api: { ca: third.root, for: 'servers', names: 'any' } } })
  const known = (side: 'clients' | 'servers'): unknown => ruleAuthoritiesOf(current, side).map(({ name, only }) => [name, only])
  t.same(known('clients'), [['internal', undefined], ['partner', undefined], ['api', 'servers']])
  t.same(known('servers'), [['internal', undefined], ['partner', 'clients'], ['api', undefined]])
})

test('`ca` alone is one authority without limits, called default', async (t) => {
  const { current } = memoryCredentials({ ...base, ca: ca.root })
  t.match(current.authorities, [{ name: 'default', for: 'both', names: 'any' }])
  t.same(current.authorities.length, 1)
  t.match(memoryCredentials({ ...base, authorities: { only: { ca: ca.root } } }).current.authorities, [{ name: 'only', names: 'any' }])
})

test('a snapshot without an authority for one side never lets OpenSSL fall back to the public roots', async (t) => {
  const { current } = memoryCredentials({ ...base, authorities: { partner: limited } })
  t.same(secureContextOptions(current, 'servers').ca, [partner.root])
  t.same(authoritiesOf(current, 'servers'), [], 'and nobody is accepted')
})

test('one authority rotates by itself: what the others have stays, their lists too', async (t) => {
  const crl = (await ca.crl()).pem
  const source = memoryCredentials({ ...base, authorities: { internal: { ...internal, crl }, partner: limited } })
  const first = source.current
  const trust = createTrustEvaluator({ authorities: () => authoritiesOf(source.current, 'clients'), version: () => source.current.trustEpoch })
  const leaf = (await ca.issue({ cn: 'x' })).der
  const before = await trust.evaluate(leaf) as Accepted
  source.update({ authorities: { internal: { ...internal, crl }, partner: { ...limited, names: { dns: 'a.example' } } } })
  t.equal(source.current.trustEpoch, 2)
  t.equal(source.current.authorities[0]?.revocation, first.authorities[0]?.revocation, 'the same checker')
  t.equal((await trust.evaluate(leaf) as Accepted).peer, before.peer)
  t.not(source.current.trustDigest, first.trustDigest)
  source.update({ authorities: { internal: { ...internal, crl } } })
  t.same(namesOf(source.current), ['internal'])
  t.equal(source.current.trustEpoch, 3)
  source.update({ cert: own.chain })
  t.equal(source.current.trustEpoch, 3, 'our own certificate is no trust')
  source.update({ ca: ca.root, crl })
  t.same(namesOf(source.current), ['default'])
  source.update({ authorities: { internal: { ...internal, crl } } })
  t.same(namesOf(source.current), ['internal'])
  await source.close()
})

test('each change of what an authority vouches for is a change of trust', async (t) => {
  const source = memoryCredentials({ ...base, authorities: { internal, partner: limited } })
  const changes: AuthorityMaterial[] = [
    { ...limited, names: 'any' }, { ...limited, for: 'both' }, { ...limited, partial: true }, { ...limited, revocation: 'soft' }, { ...limited, algorithms: { minRsaBits: 3_072 } },
    { ...limited, serverAuthOnly: { acceptUntil: '2099-01-01' } }, { ...limited, ca: third.root }, { ...limited, crl: (await partner.crl()).pem }
  ]
  for (const partnerNow of changes) {
    // One change at a time: otherwise the end of the last one would count for it.
    source.update({ authorities: { internal, partner: limited } })
    const { trustEpoch, trustDigest } = source.current
    source.update({ authorities: { internal, partner: partnerNow } })
    t.equal(source.current.trustEpoch, trustEpoch + 1)
    t.not(source.current.trustDigest, trustDigest)
  }
  await source.close()
})

test('another checker of an authority is another trust, and the others keep their lists', async (t) => {
  const crl = (await ca.crl()).pem
  const checker = (): never => ({ check: () => ({ state: 'good', source: 'ocsp', until: Infinity }), permits: () => true, subscribe: () => () => {}, close: async () => {}, epoch: 1 }) as never
  const [first, second] = [checker(), checker()]
  const source = memoryCredentials({ ...base, authorities: { internal: { ...internal, crl }, partner: { ...limited, checker: first } } })
  const before = source.current
  source.update({ authorities: { internal: { ...internal, crl }, partner: { ...limited, checker: first } } })
  t.equal(source.current, before)
  source.update({ authorities: { internal: { ...internal, crl }, partner: { ...limited, checker: second } } })
  t.match(source.current, { trustEpoch: 2, trustDigest: before.trustDigest })
  t.equal(source.current.authorities[1]?.checker, second)
  t.equal(source.current.authorities[0]?.revocation, before.authorities[0]?.revocation)
  source.update({ authorities: { internal: { ...internal, crl }, partner: limited } })
  t.equal(source.current.authorities[1]?.checker, undefined)
  await source.close()
})

test('lists are of one authority, under its own policy, and are not lost', async (t) => {
  const bad = await partner.issue({ cn: 'bad' })
  await partner.revoke(bad.serialNumber)
  const crl = (await partner.crl()).pem
  const source = memoryCredentials({ ...base, authorities: { internal, partner: { ca: partner.root, names: 'any', crl, revocation: 'soft' } } })
  t.equal(listCheckers(source.current).length, 1)
  t.equal(listCheckers(source.current, 'servers').length, 1)
  t.equal(source.current.revocation, undefined)
  const trust = createTrustEvaluator({ authorities: () => authoritiesOf(source.current, 'clients') })
  t.match(await trust.evaluate(bad.der), { accepted: false, reason: 'revoked' })
  t.match(await trust.evaluate((await ca.issue({ cn: 'x' })).der), { accepted: true, authority: 'internal' })
  t.throws(() => source.update({ authorities: { internal, partner: { ca: partner.root, names: 'any' } } }), { code: 'MTLS_ERR_CREDENTIALS_REFUSED', reason: 'crl', message: /authorities\.partner\.crl/ })
  t.throws(() => source.update({ authorities: { internal, renamed: { ca: partner.root, names: 'any' } } }), { reason: 'crl', message: /authorities\.renamed\.crl/ }, 'nor by another name')
  t.throws(() => source.update({ ca: [ca.root, partner.root] }), { code: 'MTLS_ERR_CREDENTIALS_REFUSED', reason: 'crl' })
  t.match(memoryCredentials({ ...base, authorities: { internal: { ...internal, crl: [(await ca.crl()).pem, crl] } } }).current.warnings, [/^authorities\.internal\.crl: ignored the CRL of CN=Partner/])
  await source.close()
})

test('what is wrong with an authority is told, with its option, what was found and what was expected', async (t) => {
  const make = (authorities: unknown, more: object = {}) => () => memoryCredentials({ ...base, authorities, ...more } as never)
  for (const [authorities, message] of [
    [[], /authorities is an empty list; expected an object/],
    [null, /authorities is null/],
    [{}, /authorities is empty/],
    [{ 'a b': internal }, /the name of an authority is "a b"; expected at most 255 letters/],
    [{ internal: { ...internal, names: { dns: 'a.example' }, spiffeOnly: true } }, /authorities\.internal\.spiffeOnly is set; expected trust domains in names\.spiffe/],
    [{ internal: { names: 'any' } }, /authorities\.internal\.ca is missing; expected CA certificates/],
    [{ internal: { ...internal, name: 'any' } }, /unknown option "name" for authorities\.internal; did you mean "names"\?/],
    [{ internal, partner: { ca: partner.root, names: null } }, /authorities\.partner\.names is null; expected "any"/],
    [{ internal, partner: { ca: partner.root, names: () => 'any' } }, /authorities\.partner\.names is a function; expected "any"/],
    [{ internal: { ...internal, revocation: null } }, /authorities\.internal\.revocation is null; expected "hard"/],
    [{ internal, partner: { ca: partner.root } }, /authorities\.partner\.names is missing; expected the names that it may issue/],
    [{ internal: { ...internal, names: { dsn: 'a' } } }, /^Invalid credentials option: unknown option "dsn" for authorities\.internal\.names/],
    [{ internal: { ...internal, for: 'client' } }, /authorities\.internal\.for is "client"; expected "clients", "servers" or "both"/],
    [{ internal: { ...internal, partial: 1 } }, /authorities\.internal\.partial is 1/],
    [{ internal: { ...internal, checker: {} } }, /authorities\.internal\.checker is an object without check\(\); expected a revocation checker/],
    [{ internal: { ...internal, algorithms: { curves: ['x'] } } }, /authorities\.internal\.algorithms\.curves\[0\] is "x"/],
    [{ internal: { ...internal, serverAuthOnly: { acceptUntil: '2027-03-15' } } }, /serverAuthOnly is set, but authorities\.internal\.names has no limits; expected limits, and no kind with "any"/],
    [{ p: { ...limited, serverAuthOnly: { acceptUntil: '2027-02-31' } } }, /acceptUntil is "2027-02-31", which is not a day of the calendar; expected a day such as "2027-03-15"$/],
    [{ p: { ...limited, serverAuthOnly: { acceptUntil: '15.3.2027' } } }, /acceptUntil is "15\.3\.2027"; expected a day/],
    [{ p: { ...limited, serverAuthOnly: '2027-03-15' } }, /serverAuthOnly is "2027-03-15"; expected an object/],
    [{ p: { ...limited, for: 'servers', serverAuthOnly: { acceptUntil: '2027-03-15' } } }, /is set, but authorities\.p\.for is "servers"/],
    [{ p: { ...limited, serverAuthOnly: true } }, /authorities\.p\.serverAuthOnly is true; expected an object such as \{ acceptUntil: "2027-03-15" \}/],
    [{ p: { ...limited, revocation: 'strict' } }, /authorities\.p\.revocation is "strict"; expected "hard" or "soft"/],
    [{ internal: { ca: 7, names: 'any' } }, /authorities\.internal\.ca is a number; expected PEM/],
    [{ internal: { ca: 'ca.pem', names: 'any' } }, /authorities\.internal\.ca is the path "ca\.pem"/]
  ] as const) t.throws(make(authorities), { code: 'MTLS_ERR_CREDENTIALS_OPTION', message })
  t.throws(make({ internal }, { ca: ca.root }), { message: /ca and authorities are both set/ })
  t.throws(make({ internal }, { crl: 'x' }), { message: /crl and authorities are both set/ })
  t.throws(make({ internal, partner: { ...limited, ca: [partner.root, ca.root] } }), {
    code: 'MTLS_ERR_CREDENTIALS_REFUSED', reason: 'no_anchor', message: /authorities\.partner\.ca: found CN=Internal.*, which authority "internal" has too, in authorities\.internal\.ca; expected each CA in one authority/
  })
  t.throws(make({ internal: { ...internal, ca: own.cert } }), { reason: 'no_anchor', message: /authorities\.internal\.ca: found .*, which is not a CA certificate/ })
  t.match(memoryCredentials({ ...base, authorities: { p: { ...limited, serverAuthOnly: { acceptUntil: '2026-01-01' } } } }).current.warnings.join('\n'), /authority "p": serverAuthOnly ended on 2026-01-01T00:00:00.000Z; remove it/)
})

test('a wrong revocationPolicy is named as the caller named it', async (t) => {
  const wrong = [
    ['Hard', 'revocationPolicy is "Hard"; expected "hard" or "soft"'],
    [null, 'revocationPolicy is null; expected "hard", "soft" or { default, issuers }'],
    [{ default: 'x' }, 'revocationPolicy.default is "x"; expected "hard" or "soft"'],
    [{ deflt: 'hard' }, 'unknown option "deflt" for policy; did you mean "default"?'],
    [{ issuers: { 'CN=a': 1 } }, 'revocationPolicy.issuers["CN=a"] is 1; expected "hard" or "soft"']
  ] as const
  for (const [revocationPolicy, message] of wrong) {
    for (const trusted of [{ ca: third.root }, { authorities: { internal } }]) {
      t.throws(() => memoryCredentials({ ...base, ...trusted, revocationPolicy } as never), { code: 'MTLS_ERR_CREDENTIALS_OPTION', message: new RegExp(message.replaceAll(/[.?[\]{}]/g, String.raw`\$&`)) })
    }
  }
})

test('an answer of wrong shape is told with whose answer it is', async (t) => {
  await t.rejects(providerCredentials(async () => ({ ...base, certificate: 1 }) as never, { attempts: 1 }), { message: /unknown option "certificate" for the provider's answer; did you mean "cert"/ })
  const issuer = { issue: async () => ({ certificate: 1 }) as never }
  await t.rejects(renewingCredentials(issuer, { ca: third.root, attempts: 1 }), { message: /unknown option "certificate" for the issuer's answer; did you mean "cert"/ })
})

test('what is no CRL is told with what it is', async (t) => {
  const crl = (content: string): unknown => memoryCredentials({ ...base, ca: third.root, crl: content })
  t.throws(() => crl(third.root), { message: /neither DER nor PEM with the label X509 CRL: found PEM with the label CERTIFICATE/ })
  t.throws(() => crl(''), { message: /found nothing \(an empty file or text\)|crl is an empty/ })
  t.throws(() => crl('<html>'), { message: /found an HTML or XML page/ })
})

test('what the caller does with its own settings later is no change of trust', async (t) => {
  const dns = ['a.example']
  const source = memoryCredentials({ ...base, authorities: { internal, partner: { ...limited, names: { dns } } } })
  dns.push('prod.example')
  t.same(source.current.authorities[1]?.names, { dns: ['a.example'] })
  t.throws(() => { (source.current.authorities[1]?.names as { dns: string[] }).dns.push('x') }, TypeError)
})

test('the same CA with its name in other letters is the same CA', async (t) => {
  const authority = (name: string, subject: string, key: string): CheckedAuthority => {
    const identity = createPartialIdentity({ subject, publicKey256: key.repeat(64) })
    return { name, caOrigin: `${name}.ca`, options: { spiffeOnly: false }, anchors: [{ identity }] } as unknown as CheckedAuthority
  }
  const refusal = { code: 'MTLS_ERR_CREDENTIALS_REFUSED', reason: 'no_anchor', message: /b\.ca: found .*, which authority "a" has too/ }
  t.throws(() => { refuseSharedAnchors([authority('a', 'CN=Internal CA', 'a'), authority('b', 'CN=INTERNAL  ca', 'a')]) }, refusal)
  const twin = (name: string, fingerprint256: string): CheckedAuthority => ({ name, caOrigin: `${name}.ca`, options: { spiffeOnly: false }, anchors: [{ identity: createPartialIdentity({ subject: 'CN=CA', publicKey256: 'a'.repeat(64), fingerprint256: fingerprint256.repeat(64) }) }] }) as unknown as CheckedAuthority
  t.throws(() => { refuseSharedAnchors([twin('a', '1'), twin('b', '2')]) }, {
    code: 'MTLS_ERR_CREDENTIALS_REFUSED',
    message: /b\.ca: found CN=CA \(sha256:2{16}\); authority "a" has the same CA \(same name and key, other certificate: CN=CA \(sha256:1{16}\)\) in a\.ca; expected each CA in one authority/
  })
  t.doesNotThrow(() => { refuseSharedAnchors([authority('a', 'CN=Internal CA', 'a'), authority('b', 'CN=Internal CA', 'b')]) }, 'another key is another CA')
})

test('what an authority cannot do is warned of', async (t) => {
  const warningsOf = (authorities: Record<string, AuthorityMaterial>): string => memoryCredentials({ ...base, authorities }).current.warnings.join('\n')
  t.match(warningsOf({ internal: { ...internal, revocation: 'hard' } }), /authority "internal": revocation is set, but crl and checker are not, so revocation is not checked/)
  t.equal(warningsOf({ internal: { ...internal, revocation: 'hard', crl: (await ca.crl()).pem } }), '')
  const partnerName = String(parsePeerIdentity(partner.der).subject)
  const two = { ...internal, ca: [ca.root, partner.root], crl: (await ca.crl()).pem }
  const uncovered = /^authorities\.internal\.crl: there is no CRL of CN=Partner,.*; certificates of that CA are rejected, because revocation is "hard"$/
  t.match(warningsOf({ internal: two }), uncovered)
  t.match(warningsOf({ internal: { ...two, revocation: { default: 'soft', issuers: { [partnerName]: 'hard' } } } }), uncovered)
  for (const revocation of ['soft', { default: 'soft' }, { issuers: { [partnerName]: 'soft' } }] as const) t.equal(warningsOf({ internal: { ...two, revocation } }), '')
  t.equal(warningsOf({ internal: { ...two, crl: [(await ca.crl()).pem, (await partner.crl()).pem] } }), '')
  t.match(warningsOf({ internal: { ...internal, names: { dns: undefined } as never } }), /names is empty/)
  t.match(warningsOf({ internal: { ...internal, crl: [], revocation: 'hard' } }), /revocation is not checked/)
  t.match(warningsOf({ internal: { ...internal, names: {} } }), /authority "internal": names is empty, so all names of its certificates are ignored/)
  t.match(
    warningsOf({ internal: { ...internal, names: { dns: 'prod.example', subject: [{ o: 'Bank*' }, { o: ['A', '*'], ou: 'b' }] } } }),
    /authority "internal": names.subject has "Bank\*"; "\*" is not a wildcard there, it matches only itself.*names.subject has "\*"; /s
  )
  t.match(warningsOf({ internal: { ca: ca.root, names: { dns: 'prod.example' } } }), /^cert: CN=ledger.* has the name "ledger", which is outside of what authority "internal" vouches for \(dns: prod\.example\)/)
})

test('files of an authority are watched: one that changes is told by its option and path', async (t) => {
  const { paths, folder, write, replace } = await makeFolder(t)
  await write('partner.pem', partner.root)
  const file = (name: string): string => join(folder, name)
  const source = await fileCredentials({
    cert: paths.cert, key: paths.key, authorities: { internal: { ca: paths.ca, names: 'any' }, partner: { ca: file('partner.pem'), names: { spiffe: 'spiffe://partner.example' } } }
  })
  t.same(namesOf(source.current), ['internal', 'partner'])
  const change = nextChange(source)
  await replace('partner.pem', third.root)
  t.match(await change, { type: 'rotated', trustChanged: true })
  t.same(source.current.authorities[1]?.anchors.map(({ subject }) => subject?.commonName), ['Third'])
  const refused = nextChange(source)
  await replace('partner.pem', 'nonsense')
  t.match(await refused, { type: 'refused', error: { message: /authorities\.partner\.ca \(.*partner\.pem\)/ } })
  t.same(source.current.authorities[1]?.anchors.map(({ subject }) => subject?.commonName), ['Third'])
  await source.close()
  await t.rejects(fileCredentials({ cert: paths.cert, key: paths.key, authorities: { a: { ca: file('none.pem') } }, watch: false }), {
    code: 'MTLS_ERR_CREDENTIALS_UNAVAILABLE', message: /authorities\.a\.ca \(.*none\.pem\): found no such file/
  })
  await t.rejects(fileCredentials({ cert: paths.cert, key: paths.key, authorities: { a: { ca: partner.root } }, watch: false }), { message: /authorities\.a\.ca is PEM text; expected the path of a file/ })
  await t.rejects(fileCredentials({ ...paths, authorities: { a: { ca: paths.ca } }, watch: false }), { message: /ca and authorities are both set/ })
})

test('a list of an authority in a file counts, and its loss is refused', async (t) => {
  const { paths, folder, write, replace } = await makeFolder(t)
  const bad = await partner.issue({ cn: 'bad file' })
  await partner.revoke(bad.serialNumber)
  await write('partner.pem', partner.root)
  await write('partner.crl', (await partner.crl()).der)
  const source = await fileCredentials({
    cert: paths.cert, key: paths.key, watch: false, authorities: { internal: { ca: paths.ca, names: 'any' }, partner: { ca: join(folder, 'partner.pem'), crl: join(folder, 'partner.crl'), names: 'any' } }
  })
  const trust = createTrustEvaluator({ authorities: () => authoritiesOf(source.current, 'clients'), version: () => source.current.trustEpoch })
  t.match(await trust.evaluate(bad.der), { reason: 'revoked' })
  await replace('partner.crl', 'nonsense')
  await t.rejects(source.reload(), { reason: 'crl', message: /authorities\.partner\.crl \(.*partner\.crl\)/ })
  t.match(await trust.evaluate(bad.der), { reason: 'revoked' })
  await source.close()
})

test('providers and issuers bring authorities too', async (t) => {
  const provided = await providerCredentials(async () => ({ ...base, authorities: { internal, partner: limited } }))
  t.same(namesOf(provided.current), ['internal', 'partner'])
  await provided.close()
  await t.rejects(providerCredentials(async () => ({ ...base }) as never, { attempts: 1 }), { message: /answer\.ca is missing; expected CA certificates, or the option authorities/ })
  const issuer = { issue: async () => ({ cert: own.chain, key: own.key, ca: third.root }) }
  const renewed = await renewingCredentials(issuer, { authorities: { internal, partner: limited } })
  t.same(namesOf(renewed.current), ['internal', 'partner'], 'the options say whom we trust, not the issuer')
  await renewed.close()
  const byAnswer = await renewingCredentials({ issue: async () => ({ cert: own.chain, key: own.key, authorities: { third: { ca: third.root } } }) }, { ca: ca.root })
  t.same(namesOf(byAnswer.current), ['third'])
  await byAnswer.close()
})

test('an authority says which flaws it tolerates: for its side, in its trust, and off by default', async (t) => {
  const source = memoryCredentials({ ...base, authorities: { internal: { ...internal, tolerate: ['serial-number', 'alt-names', 'alt-names'] }, partner: limited } })
  t.same(source.current.authorities.map(({ tolerate }) => tolerate), [['alt-names', 'serial-number'], []])
  t.ok(Object.isFrozen(source.current.authorities[0]?.tolerate))
  t.same(authoritiesOf(source.current, 'clients').map(({ tolerate }) => tolerate), [['alt-names', 'serial-number'], undefined])
  const { trustEpoch } = source.current
  source.update({ ...base, authorities: { internal, partner: limited } })
  t.equal(source.current.trustEpoch, trustEpoch + 1, 'a flaw that is no longer tolerated is another trust')
  await source.close()
  for (const [tolerate, message] of [
    [['altNames'], /authorities\.internal\.tolerate.*"alt-names"/], ['alt-names', /authorities\.internal\.tolerate is "alt-names"/], [true, /tolerate is true/]
  ] as const) {
    t.throws(() => memoryCredentials({ ...base, authorities: { internal: { ...internal, tolerate: tolerate as never } } }), { code: 'MTLS_ERR_CREDENTIALS_OPTION', message })
  }
})

test('authorities in files say which flaws they tolerate, and keep it when a file changes', async (t) => {
  const { paths: { cert, key, ca: path }, ca: inFile, replace } = await makeFolder(t)
  const authorities = { internal: { ca: path, names: 'any', tolerate: ['alt-names'] } } as const
  for (const source of [
    await fileCredentials({ cert, key, authorities, watch: false }), await fileTrust({ authorities, watch: false })
  ]) {
    t.same(authoritiesOf(source.current, 'clients').map(({ tolerate }) => tolerate), [['alt-names']])
    await replace('ca.pem', inFile.root + third.root)
    t.same((await source.reload()).authorities.map(({ tolerate }) => tolerate), [['alt-names']])
    t.equal(source.current.anchors.length, 2)
    await replace('ca.pem', inFile.root)
    await source.close()
  }
})

test('the day until which server certificates are accepted is one of UTC, wherever the process runs', async (t) => {
  const before = process.env['TZ']
  t.after(() => {
    if (before === undefined) delete process.env['TZ']
    else process.env['TZ'] = before
  })
  // The clocks change on the second day in New York.
  for (const zone of ['Pacific/Auckland', 'America/Los_Angeles', 'America/New_York']) {
    process.env['TZ'] = zone
    for (const acceptUntil of ['2099-01-01', '2099-03-08']) {
      const authorities = { web: { ...limited, serverAuthOnly: { acceptUntil } } } as const
      const credentials = memoryCredentials({ ...base, authorities })
      t.equal(credentials.current.authorities[0]?.serverAuthOnlyUntil, Date.parse(`${acceptUntil}T00:00:00Z`), zone)
      await credentials.close()
    }
  }
})
