import { createPartialIdentity } from '@peerkit/identity'
import type { ClaimKind, KnownIdentity } from '@peerkit/identity'
import { test } from 'tap'
import { NameBounds } from '../src/index.ts'
import type { AuthorityNames } from '../src/index.ts'

const UPN = '1.3.6.1.4.1.311.20.2.3'
const bounds = (names: AuthorityNames): NameBounds => new NameBounds(names, 'names')
const leafOf = (kind: ClaimKind, name: string): KnownIdentity => {
  switch (kind) {
    case 'subject': return { subject: name }
    case 'policy': return { subject: 'CN=a', policies: [name] }
    case 'spiffe': return { serialNumber: '01', subjectAltNames: { uri: [name] } }
    case 'upn': return { serialNumber: '01', subjectAltNames: { otherName: [{ type: UPN, value: name }] } }
    default: return { serialNumber: '01', subjectAltNames: { [kind]: [name] } }
  }
}

/** Of each kind: a bound, names within, and names outside of it. */
const TABLE: ReadonlyArray<readonly [ClaimKind, unknown, readonly string[], readonly string[]]> = [
  ['spiffe', 'spiffe://a.example', ['spiffe://a.example', 'spiffe://a.example/x/y'], [
    'spiffe://b.example/x', 'spiffe://a.example.evil/x', 'spiffe://sub.a.example/x', 'SPIFFE://a.example/x',
    'spiffe://A.example/x', 'spiffe://a.example/../x',
    'spiffe://a.example/x?y', 'spiffe://a.example:80/x', 'spiffe:a.example/x'
  ]],
  [
    'spiffe', 'spiffe://a.example/ns/ops', ['spiffe://a.example/ns/ops', 'spiffe://a.example/ns/ops/sa/web'],
    ['spiffe://a.example', 'spiffe://a.example/ns/opsx', 'spiffe://a.example/ns']
  ],
  ['dns', 'a.example', ['a.example', 'A.Example', 'x.y.a.example', '*.a.example', '*.x.a.example'], [
    'example', '*.example', 'xa.example', 'a.example.evil', 'a.example.', 'a..example', '*', 'x*.a.example',
    'a.example x', ' a.example', 'é.a.example'
  ].filter((name) => /^[\x20-\x7e]+$/.test(name))],
  ['dns', ['a.example', 'b.example'], ['a.example', 'x.b.example'], ['c.example']],
  ['uri', 'https://a.example', ['https://a.example', 'HTTPS://A.example/x/../y', 'https://a.example/?q'], [
    'http://a.example/', 'https://a.example.evil/', 'https://a.example@evil/', 'https://a.example:444/',
    'https://evil\\a.example/', 'https:a.example', 'urn:a'
  ]],
  [
    'uri', 'https://a.example/team', ['https://a.example/team', 'https://a.example/team/x'],
    ['https://a.example/teams', 'https://a.example/team/../x', 'https://a.example/team/%2e%2E/x', 'https://a.example/']
  ],
  ['uri', 'urn:a:', ['urn:a:b', 'URN:a:c'], ['urn:a:', 'urn:ab', 'https://a']],
  ['uri', 'urn:a:b', ['urn:a:b'], ['urn:a:bc', 'urn:A:b']],
  [
    'email', 'a.example', ['x@a.example', 'x@A.EXAMPLE'],
    ['x@sub.a.example', 'x@b.example', 'a.example', '"x@a.example"@b.example', 'x@b.example@a.example']
  ],
  ['email', '.a.example', ['x@sub.a.example'], ['x@a.example']],
  ['email', 'Bob@a.example', ['Bob@A.example'], ['bob@a.example', 'Bob@b.example']],
  ['ip', '10.0.0.0/8', ['10.1.2.3'], ['11.0.0.1', '2001:db8::1']],
  ['ip', '::/0', ['2001:db8::1'], ['192.0.2.1', '::ffff:192.0.2.1']],
  ['ip', '192.0.2.0/25', ['::ffff:192.0.2.1'], ['192.0.2.200', '::ffff:192.0.2.200']],
  ['ip', ['192.0.2.1', '2001:db8::/32'], ['192.0.2.1', '2001:db8:1::1'], ['192.0.2.2', '2001:db9::1']],
  [
    'upn', 'corp.example', ['bob@corp.example', 'a@b@CORP.example'],
    ['bob@evil.example', 'bob', '@corp.example', 'bob@corp.example@evil.example', 'bob@sub.corp.example']
  ],
  ['policy', '1.2.3', ['1.2.3'], ['1.2.3.4', '2.5.29.32.0']],
  ['registeredId', ['1.2.3', '1.2.5'], ['1.2.3', '1.2.5'], ['1.2.3.4', '1.2']],
  [
    'subject', { o: 'Partner' }, ['CN=x,O=Partner', 'O=Partner,OU=any'],
    ['CN=x', 'O=partner', 'O=Partner,O=Example', 'O=Example']
  ],
  [
    'subject', { O: ['A', 'B'], ou: 'x' }, ['O=A,OU=x', 'O=A,O=B,OU=x'],
    ['O=A', 'O=A,OU=y', 'O=C,OU=x', 'O=#03020041,OU=x', 'O=A,OU=x,OU=y']
  ],
  ['subject', [{ o: 'A' }, { '2.5.4.3': 'x' }], ['O=A', 'CN=x,O=C'], ['CN=y,O=C']]
]

for (const [kind, bound, within, outside] of TABLE) {
  test(`${kind}: ${JSON.stringify(bound)}`, async (t) => {
    const names = bounds({ [kind]: bound } as AuthorityNames)
    for (const name of within) {
      t.equal(names.findOutside(createPartialIdentity(leafOf(kind, name))), undefined, `within: ${name}`)
    }
    for (const name of outside) {
      t.match(names.findOutside(createPartialIdentity(leafOf(kind, name))), { kind, bound: /./ }, `outside: ${name}`)
    }
  })
}

test('a kind that is not mentioned has no bound, and is not believed', async (t) => {
  const kinds = ['subject', 'spiffe', 'dns', 'uri', 'email', 'ip', 'upn', 'policy', 'registeredId', 'qualified', 'admission', 'extension']
  for (const [kind, bound, within] of TABLE) {
    const { notBelieved } = bounds({ [kind]: bound } as AuthorityNames)
    t.same(notBelieved, kinds.filter((other) => other !== kind))
    t.equal(bounds({}).findOutside(createPartialIdentity(leafOf(kind, within[0]!))), undefined)
    t.equal(bounds('any').findOutside(createPartialIdentity(leafOf(kind, within[0]!))), undefined)
    t.same(
      bounds({ [kind]: 'any' } as AuthorityNames).findOutside(createPartialIdentity(leafOf(kind, within[0]!))),
      undefined
    )
  }
  t.same(bounds({}).notBelieved, kinds)
  t.same(bounds('any').notBelieved, [])
})

test('every SPIFFE ID is of its own kind, and every directory name is a subject', async (t) => {
  const uris = (list: string[], names: AuthorityNames) =>
    bounds(names).findOutside(createPartialIdentity({ serialNumber: '01', subjectAltNames: { uri: list } }))
  t.match(
    uris(['https://a.example/', 'spiffe://b.example/x'], { uri: 'https://a.example', spiffe: 'spiffe://a.example' }),
    { kind: 'spiffe', name: 'spiffe://b.example/x' }
  )
  t.equal(uris(['https://a.example/', 'spiffe://b.example/x'], { uri: 'https://a.example' }), undefined, 'not believed')
  t.match(uris(['https://b.example/'], { uri: 'https://a.example' }), { kind: 'uri', bound: 'https://a.example' })
  const directory = createPartialIdentity({ subject: 'O=A', subjectAltNames: { directoryName: ['O=B'] } })
  t.match(bounds({ subject: { o: 'A' } }).findOutside(directory), { kind: 'subject', name: 'O=B', bound: 'O=A' })
  t.equal(
    bounds({ subject: { o: 'A' } }).findOutside(createPartialIdentity({ subject: '', serialNumber: '01' })),
    undefined,
    'an empty subject claims nothing'
  )
  const other = createPartialIdentity({
    serialNumber: '01', subjectAltNames: { otherName: [{ type: '1.2.3', value: 'bob@corp.example' }] }
  })
  t.match(bounds({ upn: 'corp.example' }).findOutside(other), { kind: 'upn', name: 'otherName 1.2.3' })
})

test('what is no bound is refused, with the option, what was found and what was expected', async (t) => {
  for (const [names, message] of [
    [undefined, /names is missing; expected "any", or an object/],
    ['all', /names is "all"; expected "any"/],
    [[], /names is an empty list/],
    [{ dsn: 'a' }, /unknown option "dsn" for .*names; did you mean "dns"\?/],
    [{ dns: [] }, /names\.dns is an empty list; expected at least one bound/],
    [{ dns: ['a', 1] }, /names\.dns\[1\] is 1; expected a string, or "any"/],
    [{ dns: '*.a.example' }, /names\.dns is "\*\.a\.example"; expected a domain such as prod\.example/],
    [{ spiffe: 'prod.example' }, /names\.spiffe is "prod\.example"; expected a trust domain such as spiffe:/],
    [{ spiffe: 'spiffe://a/' }, /expected a trust domain/],
    [
      { spiffe: 'spiffe://Acme.example/x' },
      /names\.spiffe is "spiffe:\/\/Acme\.example\/x"; expected a trust domain such as .*, with the trust domain in lower case$/
    ],
    [{ uri: 'spiffe://a/b' }, /names\.uri is .*; expected a URI that is not a SPIFFE ID/],
    [{ uri: 'a.example' }, /expected a URI such as/],
    [{ uri: 'https://a/x?y' }, /expected an origin such as/],
    [{ email: 'a@b@c' }, /expected a host such as/],
    [
      { ip: '10.0.0.1/8' },
      /names\.ip is "10\.0\.0\.1\/8"; expected a range whose address has only zeros after its first 8 bits/
    ],
    [{ ip: '10.0.0.0/33' }, /expected an address, or a range/],
    [{ ip: 'fe80::1%eth0' }, /expected an address, or a range/],
    [{ upn: '@a.example' }, /expected a domain such as corp\.example/],
    [{ policy: 'anyPolicy' }, /expected an OID/],
    [{ subject: 'Partner' }, /names\.subject is "Partner"; expected "any" or attributes such as \{ o: "Partner" \}$/],
    [{ subject: [] }, /names\.subject is an empty list/],
    [{ subject: {} }, /names\.subject names no attribute/],
    [{ subject: { org: 'a' } }, /names\.subject has "org"; expected an attribute such as o/],
    [{ subject: { o: [] } }, /names\.subject\.o is an empty list; expected a string/],
    [{ subject: { o: 'a', '2.5.4.10': 'b' } }, /names\.subject names O twice/]
  ] as const) {
    t.throws(
      () => bounds(names as AuthorityNames), { code: 'MTLS_ERR_PATH_OPTION', message }, JSON.stringify(names)
    )
  }
})

test('what a rule asks for may be claimed within the bounds alone', async (t) => {
  const names = bounds({ dns: 'a.example', subject: { o: 'A', ou: ['x', 'y'] }, spiffe: 'any' })
  t.same(['x.a.example', 'b.example'].map((name) => names.mayClaim('dns', name)), [true, false])
  t.same(
    ['2.5.4.10=A', '2.5.4.10=B', '2.5.4.11=y', '2.5.4.3=any'].map((attribute) => names.mayClaim('subject', attribute)),
    [true, false, true, true]
  )
  t.same([
    names.mayClaim('spiffe', 'spiffe://b/x'), names.mayClaim('email', 'a@b'), names.vouchesFor('email'),
    names.vouchesFor('dns')
  ], [true, false, false, true])
  const path = bounds({ spiffe: 'spiffe://b/x' })
  t.same(
    ['spiffe://b', 'spiffe://b/x/y', 'spiffe://b/z', 'spiffe://c'].map((id) => path.mayClaim('spiffe', id)),
    [true, true, false, false]
  )
  t.equal(bounds({}).mayClaim('subject', '2.5.4.3=any'), false)
  t.equal(bounds({ dns: ['a', 'b', 'c', 'd', 'e', 'f', 'g'] }).describe('dns'), 'a, b, c, d, e and 2 more')
})

/** Of each kind: a bound, what a rule may ask for so that a name within can match, and what no name within matches. */
const MEETS: ReadonlyArray<readonly [ClaimKind, string, readonly string[], readonly string[]]> = [
  ['dns', 'a.example', ['a.example', 'x.a.example', '*.a.example', '*.x.a.example', '*.example', '*.EXAMPLE'], ['b.example', '*.b.example', '*.com', 'example', '.example']],
  [
    'spiffe', 'spiffe://td/ns/web',
    ['spiffe://td/ns/web', 'spiffe://td/ns/web/x', 'spiffe://td', 'spiffe://td/**', 'spiffe://td/*/web', 'spiffe://td/ns/*', 'spiffe://td/*/**', 'spiffe://td/ns/web/*'],
    ['spiffe://td/ns', 'spiffe://td/ns/webs', 'spiffe://te', 'spiffe://te/**', 'spiffe://td/*', 'spiffe://td/*/api', 'spiffe://tdx/ns/*', 'spiffe://td.x/**']
  ],
  ['spiffe', 'spiffe://td', ['spiffe://td', 'spiffe://td/a', 'spiffe://td/*', 'spiffe://td/**'], ['spiffe://te', 'spiffe://te/*']],
  [
    'uri', 'https://h.example/a',
    ['https://h.example/a', 'https://H.example/a/b', 'https://h.example/*', 'https://h.example/**', 'HTTPS://h.example/a/*', 'https://h.example/*/b'],
    ['https://h.example/b', 'https://h.example/', 'https://h.example/ab', 'https://i.example/*', 'http://h.example/*', 'https://h.example/b/*', 'no uri *']
  ],
  ['uri', 'https://h.example', ['https://h.example/*', 'https://h.example/**', 'https://h.example'], ['https://i.example/**']],
  [
    'ip', '10.1.0.0/16',
    ['10.1.2.3', '10.1.2.0/24', '10.0.0.0/8', '0.0.0.0/0', '::ffff:10.1.0.0/112', '::ffff:10.1.2.3', '::ffff:10.0.0.0/104'],
    ['10.2.0.1', '10.2.0.0/24', '11.0.0.0/8', '::/0', '::1', 'x', '::ffff:10.2.0.0/112']
  ],
  ['ip', 'fd00::/8', ['fd00::1', 'fdff::/16', 'fc00::/7', '::/0'], ['fe80::1', 'fe80::/10', '10.0.0.0/8']]
]

test('a pattern of a rule meets a bound if a name can be within both', async (t) => {
  for (const [kind, bound, within, outside] of MEETS) {
    const names = bounds({ [kind]: bound } as AuthorityNames)
    for (const value of within) t.equal(names.mayClaim(kind, value), true, `${value} and ${bound}`)
    for (const value of outside) t.equal(names.mayClaim(kind, value), false, `${value} and ${bound}`)
  }
})

test('an authority with bounds on the subject has a bounded name in each that has a subject', async (t) => {
  const has = (names: AuthorityNames, leaf: KnownIdentity): boolean => bounds(names).hasBoundedName(createPartialIdentity(leaf))
  const dns = { subjectAltNames: { dns: ['a.example'] } }
  t.equal(has({ subject: { o: 'Acme' } }, { subject: 'CN=x' }), true)
  t.equal(has({ subject: { o: 'Acme' } }, dns), false)
  t.equal(has({ subject: 'any' }, { subject: 'CN=x' }), false, 'any is no bound')
  t.equal(has({ dns: 'a.example' }, { subject: 'CN=x' }), false)
  t.equal(has({ dns: 'a.example' }, dns), true)
  t.equal(has({ subject: { o: 'Acme' }, dns: 'a.example' }, { subject: 'CN=x', ...dns }), true)
})

test('a star in a bound on the subject is told, and an authority that vouches for nothing', async (t) => {
  t.same(bounds({ subject: [{ o: ['Acme', 'A*'] }, { cn: '*' }] }).starredSubjects, ['A*', '*'])
  for (const names of ['any', {}, { subject: 'any' }, { subject: { o: 'Acme' } }, { dns: 'any' }] as const) t.same(bounds(names).starredSubjects, [])
  t.equal(bounds({}).vouchesForNothing, true)
  for (const names of ['any', { dns: 'a.example' }, { subject: 'any' }] as const) t.equal(bounds(names).vouchesForNothing, false)
})
