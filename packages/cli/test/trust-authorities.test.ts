import { test } from 'tap'
import type { Test } from 'tap'
import { INTERNAL, PARTNER, UPSTREAM, authorityFolder, internal } from './support/authority-world.ts'
import { peerkitHere } from './support/peerkit.ts'
import type { Run } from './support/peerkit.ts'

const ALL = { internal: INTERNAL, partner: PARTNER, upstream: UPSTREAM }

interface Asked { file: (name: string) => string, run: (chain: string, ...args: readonly string[]) => Promise<Run> }

/** Runs `trust check` with these authorities. */
function check (t: Test, authorities: unknown = ALL): Asked {
  const file = authorityFolder(t, authorities)
  const run = (chain: string, ...args: readonly string[]): Promise<Run> =>
    peerkitHere('trust', 'check', '--chain', file(chain), '--authorities', file('authorities.json'), ...args)
  return { file, run }
}

test('says which authority accepts, by which file, and what it does not vouch for', async (t) => {
  const { file, run } = check(t)
  const { code, out, err } = await run('shop.pem')
  t.same([code, err], [0, ''])
  t.match(out, /shop\.pem: accepted as a client at /)
  t.match(out, / {2}1 {2}spiffe:\/\/partner\.example\/shop [^]* {2}2 {2}CN=Partner issuing[^]* {2}3 {2}CN=Partner,/)
  t.match(out, `trusted by     ${file('cas/partner.pem')}\n`)
  t.match(
    out,
    /authority +partner\n +not believed +subject, dns, uri, email, ip, upn, policy, registeredId, qualified, admission, extension: rules do not see them\n/
  )
  t.match(out, /claims +subject CN=orders,OU=shop\n +policy 1\.2\.3\n +expires/)
  t.match(out, /revocation +not checked: partner has no crl\n$/)
  const whole = await run('own.pem')
  t.match(whole, { code: 0, out: /1 {2}CN=orders[^]*authority +internal\n +expires/ })
  t.notMatch(whole.out, /not believed|claims/)
})

test('a chain that leads to an authority of the other side is told so, and no root is asked for', async (t) => {
  const { run } = check(t)
  const { code, out } = await run('api.pem')
  t.equal(code, 1)
  t.match(
    out,
    /refused \(unknown_ca\)[^]*step +other_side\n +found +the chain leads to the authority "upstream", which is for servers alone \(option for\)/
  )
  t.match(
    out,
    /upstream: the chain leads here, but it is only for servers\n +what to do +If its peers may connect, set the option for of this authority to "both"\. --purpose checks the other side\.\n/
  )
  t.match(JSON.parse((await run('api.pem', '--json')).out), {
    step: 'other_side',
    authorities: [
      { name: 'internal', asked: true }, { name: 'partner' }, { name: 'upstream', asked: false, leadsHere: true }
    ]
  })
  t.match(await run('stranger.pem'), { code: 1, out: /upstream: not asked, because it is only for servers/ })
})

test('says the same as JSON', async (t) => {
  const { run } = check(t)
  const { code, out } = await run('shop.pem', '--json')
  t.equal(code, 0)
  t.match(JSON.parse(out), {
    accepted: true,
    authority: {
      name: 'partner',
      notBelieved: ['subject', 'dns', 'uri', 'email', 'ip', 'upn', 'policy', 'registeredId', 'qualified', 'admission', 'extension'],
      claims: ['subject CN=orders,OU=shop', 'policy 1.2.3'],
      serverAuthOnly: false
    },
    revocation: { checked: false, crl: [] },
    leftOut: []
  })
})

test('all that is only claimed is told, up to twenty of it', async (t) => {
  const { run } = check(t)
  const { code, out } = await run('boastful.pem', '--json')
  t.equal(code, 0)
  const { claims } = JSON.parse(out).authority
  t.equal(claims.length, 21)
  t.same([claims[0], claims[19], claims[20]], ['dns host-0.corp.example', 'dns host-19.corp.example', 'and 14 more'])
  const dns = { ...PARTNER, names: { ...PARTNER.names, dns: 'corp.example' } }
  const few = check(t, { partner: dns })
  t.same(JSON.parse((await few.run('boastful.pem', '--json')).out).authority.claims, [
    'email root@corp.example', 'ip 192.0.2.1', 'directoryName CN=root',
    'otherName 1.3.6.1.4.1.311.20.2.3 root@corp.example'
  ])
})

test('a name that an authority does not vouch for: the name, the bound, and what each authority says', async (t) => {
  const { run } = check(t)
  const { code, out, err } = await run('astray.pem')
  t.same([code, err], [1, ''])
  t.match(
    out,
    /\(outside_authority\)[^]*step +outside_authority\n +found .*SPIFFE ID "spiffe:\/\/elsewhere\.example\/shop"/
  )
  t.match(out, /authorities +internal: unknown_ca\n/)
  t.match(
    out,
    /partner: outside_authority, spiffe "spiffe:\/\/elsewhere.example\/shop" is outside of spiffe:\/\/partner.example\n/
  )
  t.match(out, /upstream: not asked, because it is only for servers\n +what to do +.*the option names of the authority/)
  const answer = JSON.parse((await run('astray.pem', '--json')).out)
  t.match(answer, { accepted: false, reason: 'outside_authority', step: 'outside_authority' })
  t.match(answer.authorities, [
    { name: 'internal', for: 'both', asked: true, step: 'unknown_ca' },
    {
      name: 'partner',
      asked: true,
      step: 'outside_authority',
      outside: { kind: 'spiffe', name: 'spiffe://elsewhere.example/shop', bound: 'spiffe://partner.example' }
    },
    { name: 'upstream', for: 'servers', asked: false }
  ])
})

test('the remedy names the parts of an authority, not the options that were not given', async (t) => {
  const { run } = check(t)
  const { code, out } = await run('stranger.pem')
  t.equal(code, 1)
  t.match(
    out,
    /what to do .*A root belongs in "ca" of its authority, an intermediate in --chain .* in "intermediates" of its/
  )
  t.notMatch(out, /--ca|--intermediates/)
  t.match(JSON.parse((await run('stranger.pem', '--json')).out).remedy, /A root belongs in "ca" of its authority/)
})

test('authorities are asked by purpose', async (t) => {
  const { run } = check(t)
  t.match(await run('api.pem', '--purpose', 'server'), {
    code: 0,
    out: /accepted as a server[^]*authority +upstream\n/
  })
  t.match(await run('api.pem', '--purpose', 'any'), { code: 0, out: /authority +upstream\n/ })
  t.match(await run('api.pem'), { code: 1, out: /\(unknown_ca\)/ })
  const clients = check(t, { partner: { ...PARTNER, for: 'clients' } })
  t.match(await clients.run('api.pem', '--purpose', 'server'), {
    code: 2, out: '', err: /found only authorities for clients; expected one for servers, or another --purpose/
  })
  const servers = check(t, { upstream: UPSTREAM })
  t.match(await servers.run('shop.pem'), {
    code: 2,
    err: /found only authorities for servers; expected one for clients/
  })
})

test('serverAuthOnly is told, and when it ended', async (t) => {
  const partner = { ...PARTNER, for: 'clients', serverAuthOnly: { acceptUntil: '2099-03-15' } }
  const { run } = check(t, { internal: INTERNAL, partner })
  t.match(await run('bare.pem'), {
    code: 0,
    out: /serverAuth only +accepted until 2099-03-15T00:00:00Z, by serverAuthOnly of partner\n/
  })
  t.notMatch((await run('shop.pem')).out, /serverAuth only/)
  const { authority } = JSON.parse((await run('bare.pem', '--json')).out)
  t.match(authority, { serverAuthOnly: true, serverAuthOnlyUntil: '2099-03-15T00:00:00Z' })
  const over = check(t, { internal: INTERNAL, partner: { ...partner, serverAuthOnly: { acceptUntil: '2020-01-31' } } })
  t.match(await over.run('bare.pem'), {
    code: 1, out: /\(wrong_purpose\)[^]*partner: wrong_purpose, its serverAuthOnly ended on 2020-01-31T00:00:00Z\n/
  })
  const never = check(t, { internal: INTERNAL, partner: PARTNER })
  t.match(await never.run('bare.pem'), { code: 1, out: /partner: wrong_purpose\n/ })
})

test('an authority brings its intermediates, its lists and their policy', async (t) => {
  const lists = { crl: ['cas/partner.crl', 'cas/issuing.crl'], crlIssuers: 'cas/issuing.pem' }
  const hard = check(t, { partner: { ...PARTNER, ...lists } })
  t.match(await hard.run('shop.pem'), {
    code: 0,
    out: /revocation +none is revoked, by .*partner\.crl, .*issuing\.crl\n$/
  })
  t.match(await hard.run('lost.pem'), { code: 1, out: /\(revoked\)[^]*authorities +partner: revoked\n/ })
  const one = { crl: 'cas/partner.crl', intermediates: 'cas/issuing.pem' }
  const missing = check(t, { partner: { ...PARTNER, ...one } })
  t.match(await missing.run('shop.pem'), { code: 1, out: /\(revocation_unknown\)[^]*"crl" of its authority/ })
  const soft = check(t, { partner: { ...PARTNER, ...one, revocation: 'soft' } })
  t.match(await soft.run('shop.pem'), {
    code: 0,
    out: /by .*partner\.crl \(certificates without a CRL are accepted by the option "revocation"\)\n/
  })
  const two = { ...one, revocation: 'soft', crl: ['cas/partner.crl', 'cas/upstream.crl'] }
  const stranger = check(t, { partner: { ...PARTNER, ...two } })
  t.match(await stranger.run('shop.pem'), {
    code: 0,
    out: /ignored +the CRL of CN=Upstream.*, which is not a CA of partner\n/
  })
  t.match(JSON.parse((await stranger.run('shop.pem', '--json')).out).leftOut, [/CN=Upstream/])
})

test('partial and algorithms count', async (t) => {
  const partial = { ca: 'cas/issuing.pem', partial: true }
  t.match(await check(t, { partner: partial }).run('shop.pem'), {
    code: 0,
    out: /2 {2}CN=Partner issuing[^]*authority +partner/
  })
  t.match(await check(t, { partner: { ...partial, partial: false } }).run('shop.pem'), {
    code: 1,
    out: /unknown_ca/
  })
  const strict = { ...PARTNER, algorithms: { signatures: ['ed25519'] } }
  t.match(await check(t, { partner: strict }).run('shop.pem'), { code: 1, out: /step +algorithm_refused/ })
})

test('a wrong file of authorities ends with 2: the key, what was found, what was expected', async (t) => {
  const entry = (more: object): object => ({ partner: { ...PARTNER, ...more } })
  const wrong: ReadonlyArray<readonly [authorities: unknown, message: RegExp]> = [
    ['{', /--authorities .*authorities\.json: .*; expected JSON of authorities by name/],
    [[], /found a list; expected JSON of authorities by name/],
    ['null', /found null; expected JSON/],
    ['7', /found a number; expected JSON/],
    [{}, /found no authority; expected JSON of authorities by name/],
    [{ 'a b': PARTNER }, /found "a b"; expected a name of at most 255/],
    [{ partner: 'ca.pem' }, /, partner: found "ca\.pem"; expected an object such as/],
    [{ partner: {} }, /, partner\.ca: found nothing; expected a file with its CA certificates/],
    [entry({ crls: 'x' }), /, partner: found "crls"; expected a known key; did you mean "crl"\?/],
    [entry({ trustworthy: true }), /found "trustworthy"; expected one of ca, crl, crlIssuers, intermediates, names/],
    [entry({ checker: {} }), /partner\.checker: found an object; expected no checker/],
    [entry({ for: 'all' }), /partner\.for: found "all"; expected "clients", "servers" or "both"/],
    [entry({ partial: 1 }), /partner\.partial: found 1; expected true or false/],
    [entry({ revocation: 'some' }), /, partner: .*policy is "some"; expected "hard" or "soft"/],
    [entry({ algorithms: { curves: ['p-256'] } }), /, partner: algorithms\.curves\[0\] is "p-256"/],
    [
      entry({ names: { spiffe: 'partner.example' } }),
      /authorities\.json: partner\.names\.spiffe is "partner\.example"; expected/
    ],
    [
      { ...ALL, partner: { ca: 'cas/partner.pem' } },
      /partner\.names: found nothing; expected its names/
    ],
    [entry({ serverAuthOnly: 'soon' }), /partner\.serverAuthOnly: found "soon"; expected an object such as/],
    [
      entry({ serverAuthOnly: { until: 'soon' } }),
      /partner\.serverAuthOnly: found "until"; expected an object such as/
    ],
    [entry({ serverAuthOnly: {} }), /serverAuthOnly\.acceptUntil: found nothing; expected a day/],
    [
      entry({ serverAuthOnly: { acceptUntil: '2027-02-31' } }),
      /acceptUntil: found "2027-02-31"; expected a day such as "2027-03-15" \(there is no 2027-02-31\)/
    ],
    [
      entry({ serverAuthOnly: { acceptUntil: '2027-03-15' }, names: 'any' }),
      /serverAuthOnly: found "any"; expected names with bounds/
    ],
    [
      entry({ serverAuthOnly: { acceptUntil: '2027-03-15' }, for: 'servers' }),
      /partner\.for: found "servers"; expected "clients" or "both"/
    ],
    [entry({ ca: [] }), /partner\.ca: found an empty list; expected at least one path/],
    [entry({ ca: 7 }), /partner\.ca: found 7; expected a path/],
    [entry({ ca: internal.root }), /partner\.ca: found an object; expected a path, not PEM text/],
    [
      entry({ ca: 'none.pem' }),
      /, partner\.ca .*none\.pem: found no such file; expected a PEM or DER file of CA certificates/
    ],
    [entry({ ca: 'own.pem' }), /, partner\.ca .*own\.pem: found CN=orders.*not a CA certificate/],
    [
      entry({ intermediates: 'cas/partner.pem' }),
      /partner\.intermediates .*found the root CN=Partner.*\(roots belong in ca\)/
    ],
    [entry({ crl: 'none.crl' }), /, partner\.crl .*none\.crl: found no such file; expected a PEM or DER file of a CRL/],
    [
      entry({ crl: 'own.pem' }),
      /, partner\.crl .*own\.pem: .*; expected a CRL of a CA in ca, intermediates or crlIssuers of partner/
    ],
    [
      entry({ crl: 'cas/upstream.crl' }),
      /upstream\.crl: found a CRL of CN=Upstream.*; expected a CRL of a CA in ca, .*in intermediates\)/
    ],
    [
      { one: INTERNAL, two: INTERNAL },
      /authorities\.json: found CN=Internal.* in "one" and in "two"; expected each CA in one authority/
    ]
  ]
  for (const [authorities, message] of wrong) {
    const { code, out, err } = await check(t, authorities).run('shop.pem')
    t.same([code, out], [2, ''], JSON.stringify(authorities))
    t.match(err, message)
    t.notMatch(err, /BEGIN|\n {4}at /)
  }
})

test('--authorities stands in place of --ca, --intermediates and --crl', async (t) => {
  const { file, run } = check(t)
  for (const option of ['ca', 'intermediates', 'crl']) {
    t.match(await run('shop.pem', `--${option}`, file('cas/partner.pem')), {
      code: 2, out: '', err: `found --${option} with --authorities; expected "${option}" in an authority`
    })
  }
  t.match(await run('shop.pem', '--authorities', 'x'), { code: 2, err: /found --authorities 2 times/ })
  t.match(await peerkitHere('trust', 'check', '--chain', file('shop.pem')), {
    code: 2,
    err: /--ca is missing; .* or --authorities/
  })
  t.match(await peerkitHere('trust', 'check', '--chain', file('shop.pem'), '--authorities', file('none.json')), {
    code: 2, err: /--authorities .*none\.json: found no such file; expected JSON of authorities/
  })
  const given = ['--chain', file('shop.pem'), '--ca', file('cas/partner.pem')]
  const plain = await peerkitHere('trust', 'check', ...given, '--json')
  t.equal(plain.code, 0)
  t.notMatch(plain.out, /"authority"|"leftOut"/)
})

test('an authority of the file tolerates flaws, as the plugins do, and the rules see the kind as unknown', async (t) => {
  const value = Buffer.from('300581036a40fc', 'hex')
  const odd = await internal.issue({ cn: 'odd', profile: 'client', extensions: [{ oid: '2.5.29.17', value }] })
  for (const [tolerate, code] of [[undefined, 1], [['serial-number'], 1], [['alt-names'], 0]] as const) {
    const rules = JSON.stringify([{ cn: 'odd' }, { email: 'x@example.org' }])
    const file = authorityFolder(
      t, { internal: { ...INTERNAL, tolerate } }, { 'odd.pem': odd.cert, 'rules.json': rules }
    )
    const given = ['--authorities', file('authorities.json')]
    const answer = await peerkitHere('trust', 'check', '--chain', file('odd.pem'), ...given)
    t.match(answer, { code, out: code === 0 ? /tolerated +alt-names, by tolerate of internal/ : /refused \(unreadable\)/ })
    const data = JSON.parse((await peerkitHere('trust', 'check', '--chain', file('odd.pem'), ...given, '--json')).out)
    if (code === 0) t.same(data.authority.tolerated, ['alt-names'])
    const explained = await peerkitHere('explain', '--cert', file('odd.pem'), '--rules', file('rules.json'), ...given)
    t.equal(explained.code, code)
  }
  for (const tolerate of ['alt-names', ['altNames'], [null]]) {
    const { run } = check(t, { internal: { ...INTERNAL, tolerate } })
    t.match(await run('own.pem'), { code: 2, err: /internal\.tolerate: found .*expected a list of "alt-names", "serial-number"/ })
  }
  const limited = authorityFolder(
    t, { internal: { ...INTERNAL, names: { email: 'example.org' }, tolerate: ['alt-names'] } }, { 'odd.pem': odd.cert }
  )
  t.match(
    await peerkitHere('trust', 'check', '--chain', limited('odd.pem'), '--authorities', limited('authorities.json')),
    { code: 1, out: /outside_authority, email that cannot be read is outside of example\.org/ }
  )
})

test('an authority of the file is for X.509-SVIDs alone, and two trust domains may share a CA', async (t) => {
  const spiffe = { ...PARTNER, spiffeOnly: true, partial: true }
  const { run } = check(t, { internal: INTERNAL, partner: spiffe })
  t.match(await run('shop.pem'), { code: 0, out: /authority +partner\n/ })
  t.match(await run('lost.pem'), { code: 1, out: /does not allow serverAuth too by its extendedKeyUsage, as an X\.509-SVID must/ })
  const other = { ...spiffe, names: { spiffe: 'spiffe://elsewhere.example' } }
  const shared = check(t, { internal: INTERNAL, partner: spiffe, elsewhere: other })
  t.match(await shared.run('shop.pem'), { code: 0, out: /authority +partner\n/ })
  t.match(await shared.run('astray.pem'), { code: 0, out: /authority +elsewhere\n/ })
  for (const [authority, message] of [
    [{ ...spiffe, spiffeOnly: 'yes' }, /partner\.spiffeOnly: found "yes"; expected true or false/],
    [{ ...spiffe, names: { dns: 'a.example' } }, /partner\.spiffeOnly: found true; expected names\.spiffe with bounds/],
    [{ ...other, names: spiffe.names, spiffeOnly: false }, undefined]
  ] as const) {
    const wrong = check(t, message === undefined ? { partner: spiffe, again: authority } : { internal: INTERNAL, partner: authority })
    t.match(await wrong.run('shop.pem'), { code: 2, err: message ?? /expected each CA in one authority/ })
  }
  const leaf = check(t, { internal: { ...INTERNAL, names: { spiffe: 'spiffe://prod.example' }, spiffeOnly: true } })
  t.match(await leaf.run('own.pem'), { code: 1, out: /is not an X\.509-SVID/ })
})
