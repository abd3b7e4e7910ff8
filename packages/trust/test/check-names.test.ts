import { test } from 'tap'
import { element, integer, oid, rdnName, sequence, text } from '@peerkit/test-support/der'
import { Party, altNames, dns, nameConstraints } from '@peerkit/test-support/mint'
import type { Extension, Options } from '@peerkit/test-support/mint'
import { outcome, validate } from './support/validate.ts'

const root = new Party('CN=root')
const ca = new Party('CN=ca')
const uri = (value: string): Buffer => text(0x86, value)
const email = (value: string): Buffer => text(0x81, value)
const ip = (...octets: readonly number[]): Buffer => element(0x87, Buffer.from(octets))
const directory = (rdns: string): Buffer => element(0xa4, rdnName(rdns))
const other = (type: string, value: Uint8Array): Buffer => element(0xa0, oid(type), element(0xa0, value))

const outcomeOf = (constraints: Extension, leaf: Options, subject = 'CN=client', anchor: Options = {}): string =>
  outcome(ca.issue(subject, leaf), [root.certify(ca, { extensions: [constraints] })], [root.root(anchor)])
const named = (...names: readonly Uint8Array[]): Options => ({ extensions: [altNames(...names)] })

/** Of each base: names inside, and names outside. */
const TABLE: readonly (readonly [string, Uint8Array, readonly Uint8Array[], readonly Uint8Array[]])[] = [
  [
    'DNS name', dns('example.com'),
    [dns('example.com'), dns('a.b.example.com'), dns('EXAMPLE.com'), dns('*.example.com')],
    [dns('notexample.com'), dns('example.com.evil'), dns('com')]
  ],
  ['DNS name of no label', dns(''), [dns('anything')], []],
  [
    'mail host', email('example.com'), [email('joe@example.com'), email('joe@EXAMPLE.com')],
    [email('joe@a.example.com'), email('joe@notexample.com')]
  ],
  [
    'mail domain', email('.example.com'), [email('joe@a.example.com')],
    [email('joe@example.com'), email('joe@notexample.com')]
  ],
  [
    'mailbox', email('joe@Example.com'), [email('joe@example.com')],
    [email('Joe@example.com'), email('ann@example.com')]
  ],
  [
    'URI host', uri('example.com'),
    [uri('https://example.com/a'), uri('https://joe@example.com:80'), uri('spiffe://EXAMPLE.com/x')],
    [uri('https://a.example.com/'), uri('https://example.com.evil/')]
  ],
  [
    'URI domain', uri('.example.com'), [uri('spiffe://a.example.com/x')],
    [uri('spiffe://example.com/x'), uri('spiffe://notexample.com/')]
  ],
  [
    'IPv4 range', ip(10, 1, 0, 0, 255, 255, 0, 0), [ip(10, 1, 2, 3)],
    [ip(10, 2, 2, 3), ip(...Array<number>(16).fill(10))]
  ],
  [
    'IPv6 range', ip(0xfd, ...Array<number>(15).fill(0), 0xff, ...Array<number>(15).fill(0)),
    [ip(0xfd, ...Array<number>(15).fill(1))], [ip(0xfe, ...Array<number>(15).fill(1)), ip(0xfd, 0, 0, 1)]
  ],
  [
    'directory name', directory('O=Acme, OU=ops'), [directory('O=ACME, OU=Ops'), directory('O=Acme, OU=ops, CN=x')],
    [directory('O=Acme'), directory('OU=ops, O=Acme'), directory('O=Acme, OU=opsy')]
  ]
]

test('permits what is inside a permitted subtree, and excludes what is inside an excluded one', async (t) => {
  for (const [what, base, inside, outside] of TABLE) {
    const subject = what === 'directory name' ? '' : 'CN=client'
    for (const one of inside) {
      t.equal(outcomeOf(nameConstraints([base]), named(one), subject), 'valid', `${what}: inside of permitted`)
      t.equal(
        outcomeOf(nameConstraints([], [base]), named(one), subject), 'name_constraint', `${what}: inside of excluded`
      )
    }
    for (const one of outside) {
      t.equal(
        outcomeOf(nameConstraints([base]), named(one), subject), 'name_constraint', `${what}: outside of permitted`
      )
      t.equal(outcomeOf(nameConstraints([], [base]), named(one), subject), 'valid', `${what}: outside of excluded`)
    }
  }
})

test('one name outside is enough, excluded goes before permitted, and other forms are free', async (t) => {
  t.equal(outcomeOf(nameConstraints([dns('a.example')]), named(dns('a.example'), dns('b.example'))), 'name_constraint')
  t.equal(
    outcomeOf(nameConstraints([dns('a.example'), dns('b.example')]), named(dns('a.example'), dns('b.example'))), 'valid'
  )
  t.equal(
    outcomeOf(nameConstraints([dns('example')], [dns('a.example')]), named(dns('x.a.example'))), 'name_constraint'
  )
  t.equal(outcomeOf(nameConstraints([dns('a.example')]), named(uri('spiffe://b.example/x'))), 'valid')
})

test('a wildcard is excluded where any name it stands for is', async (t) => {
  t.equal(
    outcomeOf(nameConstraints([], [dns('a.example.com')]), named(dns('*.example.com'))),
    'name_constraint',
    'CVE-2025-61727'
  )
  t.equal(outcomeOf(nameConstraints([dns('a.example.com')]), named(dns('*.example.com'))), 'name_constraint')
})

test('names that two readers could see differently are refused under constraints of their form', async (t) => {
  for (const [base, ...names] of [
    [dns('evil.example'), dns('evil.example.'), dns('a..b'), dns('a*b.c'), dns('a b')],
    [
      email('evil.example'), email('"a@evil.example"@b.example'), email('a@b@c.example'), email('nobody'),
      email('@host.example'), email('a b@b.example'), email('<a@b.example'), email('a,b@c.example')
    ],
    [
      uri('evil.example'), uri('urn:uuid:1'), uri('https://10.0.0.1/'), uri('https://[::1]/'),
      uri('https://2130706433/'), uri('https://0x7f000001/'), uri('https://a.0x1f/'), uri('https://0x/'),
      uri('https://evil%2eexample/'), uri('mailto:a@evil.example'), uri('https:///x'),
      uri('https://good.example\\@b.example/'), uri('https://b.example /'), uri(`https://b.example/${'x'.repeat(2048)}`)
    ]
  ] as const) {
    for (const one of names) {
      t.equal(outcomeOf(nameConstraints([], [base]), named(one)), 'name_constraint', 'excluded')
      t.equal(outcomeOf(nameConstraints([base]), named(one)), 'name_constraint', 'permitted')
      t.equal(
        outcomeOf(nameConstraints([], [directory('O=nobody')]), named(one)), 'valid', 'without constraints of the form'
      )
    }
  }
})

test('a name is compared up to the length of the longest SPIFFE ID, and a longer one is refused', async (t) => {
  const longest = (start: string): string => start.padEnd(2048, 'x')
  for (const [base, start] of [[uri('b.example'), 'https://b.example/'], [uri('b.example'), 'spiffe://b.example/']] as const) {
    t.equal(outcomeOf(nameConstraints([base]), named(uri(longest(start)))), 'valid')
    t.equal(outcomeOf(nameConstraints([base]), named(uri(`${longest(start)}x`))), 'name_constraint')
  }
  const local = 'x'.repeat(2048)
  t.equal(outcomeOf(nameConstraints([email('b.example')]), named(email(`${local}@b.example`))), 'valid')
  t.equal(outcomeOf(nameConstraints([email('b.example')]), named(email(`x${local}@b.example`))), 'name_constraint')
})

test('a host that starts with a number is a host', async (t) => {
  const under = nameConstraints([uri('.example.com')])
  t.equal(outcomeOf(under, named(uri('https://1.example.com/'))), 'valid')
  t.equal(outcomeOf(under, named(uri('https://0x1f.example.com/'))), 'valid')
})

test('as many permitted as excluded names', async (t) => {
  const both = nameConstraints([dns('example.com')], [dns('b.example.com')])
  t.equal(outcomeOf(both, named(dns('a.example.com'))), 'valid')
  t.equal(outcomeOf(both, named(dns('b.example.com'))), 'name_constraint')
})

test('a directory name that is too long to be compared without its case is refused, whichever is long', async (t) => {
  const cn = '\u00fc'.repeat(3000)
  const [long, short] = [directory(`O=Acme, CN=${cn}`), directory('O=Acme')]
  t.equal(outcomeOf(nameConstraints([short]), named(directory('O=Acme, CN=x')), 'O=Acme'), 'valid')
  t.equal(outcomeOf(nameConstraints([short]), named(long), 'O=Acme'), 'name_constraint', 'the name')
  t.equal(outcomeOf(nameConstraints([], [directory('O=Other')]), named(long)), 'name_constraint')
  t.equal(outcomeOf(nameConstraints([], [directory('O=Other')]), {}, `O=Acme, CN=${cn}`), 'name_constraint', 'the subject')
  t.equal(outcomeOf(nameConstraints([], [directory(`O=${cn}`)]), named(short)), 'name_constraint', 'the constraint')
})

test('names of forms that are not supported are refused where they are constrained', async (t) => {
  const upn = other('1.3.6.1.4.1.311.20.2.3', element(0x0c, Buffer.from('joe')))
  t.equal(outcomeOf(nameConstraints([], [upn]), named(upn)), 'name_constraint')
  t.equal(outcomeOf(nameConstraints([], [upn]), named(dns('a.example'))), 'valid')
  const mailbox = other('1.3.6.1.5.5.7.8.9', element(0x0c, Buffer.from('jö@evil.example')))
  t.equal(
    outcomeOf(nameConstraints([email('example.com')]), named(mailbox)), 'name_constraint',
    'internationalised addresses are mail addresses (RFC 9598)'
  )
  t.equal(outcomeOf(nameConstraints([dns('example.com')]), named(mailbox)), 'valid')
})

test('the subject is a directory name, its mail addresses are mail addresses, and a host in the common name is ' +
  'a DNS name', async (t) => {
  t.equal(outcomeOf(nameConstraints([directory('O=Acme')]), {}, 'O=Acme, CN=x'), 'valid')
  t.equal(outcomeOf(nameConstraints([directory('O=Acme')]), {}, 'O=Other, CN=x'), 'name_constraint')
  t.equal(outcomeOf(nameConstraints([email('example.com')]), {}, 'CN=x, E=a@evil.example'), 'name_constraint')
  t.equal(outcomeOf(nameConstraints([dns('example.com')]), {}, 'CN=admin.evil.example'), 'name_constraint')
  t.equal(outcomeOf(nameConstraints([dns('example.com')]), {}, 'CN=just a name'), 'valid')
  t.equal(
    outcomeOf(nameConstraints([dns('example.com')]), named(dns('a.example.com')), 'CN=admin.evil.example'),
    'valid',
    'where there are DNS names they are the names'
  )
})

test('constraints of every CA above count, those of the anchor too, and self-issued CAs are exempt', async (t) => {
  const anchor = { extensions: [nameConstraints([dns('example.com')])] }
  t.equal(
    outcomeOf(nameConstraints([dns('evil.example')]), named(dns('evil.example')), 'CN=c', anchor),
    'name_constraint',
    'an intermediate widens nothing'
  )
  t.equal(
    outcomeOf(nameConstraints([dns('a.example.com')]), named(dns('b.example.com')), 'CN=c', anchor),
    'name_constraint',
    'and may narrow'
  )
  t.equal(outcomeOf(nameConstraints([dns('a.example.com')]), named(dns('a.example.com')), 'CN=c', anchor), 'valid')
  const rollover = new Party('CN=ca')
  const constrained = root.certify(ca, { extensions: [nameConstraints([directory('O=Acme')])] })
  t.equal(outcome(rollover.issue('O=Acme, CN=x'), [constrained, ca.certify(rollover)], [root.root()]), 'valid')
  t.equal(
    outcome(rollover.issue('CN=ca'), [constrained, ca.certify(rollover)], [root.root()]),
    'name_constraint',
    'a leaf of the same name is not exempt'
  )
  const lower = new Party('CN=lower')
  t.equal(
    outcome(lower.issue('O=Acme, CN=x'), [constrained, ca.certify(lower)], [root.root()]),
    'name_constraint',
    'a CA outside of the subtree'
  )
})

test('constraints that cannot be decided accept nothing', async (t) => {
  const names = named(dns('a.example'), email('a@a.example'), uri('https://a.example/'), ip(10, 0, 0, 1))
  const broken = (base: Uint8Array): string => outcomeOf(nameConstraints([base]), names)
  for (const base of [
    dns('*.example.com'), dns('a..b'), email('a b'), email('@example.com'), uri('https://example.com'), uri(''),
    ip(10, 0, 0, 0, 255, 0, 255, 0), ip(10, 0, 0, 0, 0xfd, 0, 0, 0), ip(10, 0, 0, 1)
  ]) t.equal(broken(base), 'name_constraint', base.toString('latin1'))
  t.equal(outcomeOf(nameConstraints([dns('*.example.com')]), {}), 'valid', 'a name of another form is not concerned')
  const raw = (value: Uint8Array, leaf: Parameters<typeof outcomeOf>[1] = {}): string =>
    outcomeOf({ oid: '2.5.29.30', critical: true, value }, leaf)
  t.equal(raw(sequence()), 'name_constraint', 'empty')
  t.equal(raw(sequence(element(0xa0))), 'name_constraint', 'an empty list')
  t.equal(raw(sequence(element(0xa0, sequence(dns('a.example'), integer(1, 0x80)))), names), 'name_constraint', 'minimum')
  t.equal(raw(sequence(element(0xa0, sequence(dns('a.example'), integer(0, 0x80))))), 'valid', 'minimum 0, spelled out')
  t.equal(raw(sequence(element(0xa0, sequence(dns('a.example'), integer(1, 0x81)))), names), 'name_constraint', 'maximum')
  t.equal(
    outcomeOf(nameConstraints([dns('a.example')]), { extensions: [nameConstraints([dns('a.example')])] }),
    'name_constraint',
    'in a leaf they mean nothing'
  )
})

test('a leading period in a DNS constraint means everything below the name, as OpenSSL has it', async (t) => {
  const below = nameConstraints([dns('.corp.example')])
  t.equal(outcomeOf(below, named(dns('h.corp.example'))), 'valid')
  t.equal(outcomeOf(below, named(dns('*.corp.example'))), 'valid', 'all that the wildcard stands for is below')
  t.equal(outcomeOf(below, named(dns('corp.example'))), 'name_constraint', 'the name itself is not below')
  t.equal(outcomeOf(below, named(dns('xcorp.example'))), 'name_constraint')
  t.equal(outcomeOf(below, named(uri('spiffe://corp.example/a'))), 'valid', 'a leaf without DNS names')
  const excluded = nameConstraints([], [dns('.corp.example')])
  t.equal(outcomeOf(excluded, named(dns('h.corp.example'))), 'name_constraint')
  t.equal(outcomeOf(excluded, named(dns('corp.example'))), 'name_constraint', 'readers disagree, so it is refused')
  t.equal(outcomeOf(excluded, named(dns('*.example'))), 'name_constraint', 'the wildcard may stand for one of them')
  t.equal(outcomeOf(excluded, named(dns('other.example'))), 'valid')
})

test('an excluded mailbox whose local part readers read differently excludes every mailbox', async (t) => {
  for (const base of [
    '"foo"@example.com', '"fo\\o"@example.com', 'foo@bar@example.com', ' foo@example.com', '\\foo@example.com',
    'foo(comment)@example.com', '@example.com', 'foo@exa mple.com', 'foo@'
  ]) {
    t.equal(outcomeOf(nameConstraints([], [email(base)]), named(email('foo@example.com'))), 'name_constraint', base)
  }
  t.equal(
    outcomeOf(nameConstraints([], [email('"foo"@example.com')]), named(dns('a.example'))),
    'valid',
    'a leaf without mailboxes'
  )
})

test('a thousand names under a thousand constraints are refused before they are compared', async (t) => {
  const many = Array.from({ length: 1000 }, (_, index) => dns(`${index}.example`))
  const verdict = validate(ca.issue('CN=c', named(...many)), [root.certify(ca, { extensions: [nameConstraints([], many.map((_, index) => dns(`x${index}.example`)))] })], [root.root()])
  t.match(verdict, { step: 'budget_exceeded', detail: 'the decision needs more comparisons than the limits allow' })
})
