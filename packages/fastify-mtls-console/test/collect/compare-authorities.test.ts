import { test } from 'tap'
import { memoryCredentials } from '@peerkit/credentials'
import type { AuthorityMaterial, SnapshotAuthority } from '@peerkit/credentials'
import { createDevCa } from '@peerkit/dev-ca'
import { compareAuthorities } from '../../src/trust/compare-authorities.ts'
import { describeKinds, describeNames } from '../../src/trust/authorities.ts'

const [ours, theirs] = [await createDevCa({ name: 'Ours' }), await createDevCa({ name: 'Theirs' })]
const { chain: cert, key } = await ours.issue({ cn: 'service' })
const internal = { ca: ours.root, names: 'any' } as const

type Settings = Partial<AuthorityMaterial>

/** The authorities of credentials, as a snapshot has them. */
function take (authorities?: Readonly<Record<string, AuthorityMaterial>>): readonly SnapshotAuthority[] {
  const trust = authorities === undefined ? { ca: ours.root } : { authorities }
  return memoryCredentials({ cert, key, ...trust }).current.authorities
}

function compare (before: Settings, after: Settings): readonly string[] {
  const partner = { ca: theirs.root, names: { dns: 'partner.example' } }
  const both = (more: Settings): { internal: AuthorityMaterial, partner: AuthorityMaterial } => {
    return { internal, partner: { ...partner, ...more } }
  }
  return compareAuthorities(take(both(before)), take(both(after)))
}

test('an authority that comes says what it may, and one that goes says that', (t) => {
  const serverAuthOnly = { acceptUntil: '2099-03-15' }
  const names = { dns: 'partner.example' }
  const partner: AuthorityMaterial = { ca: theirs.root, names, for: 'clients', serverAuthOnly }
  const came = compareAuthorities(take({ internal }), take({ internal, partner }))
  const until = 'accepts certificates with only serverAuth until 2099-03-15'
  t.same(came, [`authority "partner" added: for clients, vouches for DNS names within partner.example, ${until}`])
  t.same(compareAuthorities(take({ internal, partner }), take({ internal })), ['authority "partner" removed'])
  t.same(compareAuthorities(take(), take()), [], 'the option ca has nothing to say')
  t.end()
})

test('a CA that another authority has now is told, since other names count below it', (t) => {
  t.match(compareAuthorities(take(), take({ internal })), [
    'authority "internal" added: for clients and servers, vouches for every name',
    'authority "default" removed',
    /^CN=Ours,O=.* moved from authority "default" to "internal"$/
  ])
  t.end()
})

test('each limit that changed is told, with what it was before', (t) => {
  const [first, second] = [{ acceptUntil: '2099-03-15' }, { acceptUntil: '2099-06-01' }]
  const starts = 'authority "partner" '
  const was = 'before for DNS names within partner.example'
  const cases: ReadonlyArray<readonly [before: Settings, after: Settings, text: string]> = [
    [
      {},
      { names: { dns: ['partner.example', 'b.example'], subject: { o: 'Partner' } } },
      `vouches for subjects with O=Partner, DNS names within partner.example, b.example; ${was}`
    ],
    [{}, { names: {} }, `vouches for no name; ${was}`],
    [{}, { for: 'servers' }, 'is for servers; before for clients and servers'],
    [{}, { serverAuthOnly: first }, 'accepts certificates with only serverAuth until 2099-03-15'],
    [
      { serverAuthOnly: first },
      { serverAuthOnly: second },
      'accepts certificates with only serverAuth until 2099-06-01; before until 2099-03-15'
    ],
    [{ serverAuthOnly: first }, {}, 'no longer accepts certificates with only serverAuth'],
    [{}, { partial: true }, 'accepts paths that end at an intermediate'],
    [{ partial: true }, {}, 'no longer accepts paths that end at an intermediate'],
    [{}, { tolerate: ['alt-names', 'serial-number'] }, 'tolerates the flaws alt-names, serial-number'],
    [{ tolerate: ['serial-number'] }, {}, 'no longer tolerates flaws'],
    [{}, { algorithms: { minRsaBits: 3072 } }, 'has other requirements on signatures and keys']
  ]
  for (const [before, after, text] of cases) t.same(compare(before, after), [starts + text], text)
  t.same(compare({ for: 'clients' }, { for: 'clients' }), [])
  t.end()
})

test('of many changes the first twenty are told', (t) => {
  const [first] = take({ internal }) as [SnapshotAuthority]
  const many = Array.from({ length: 30 }, (_, index) => ({ ...first, name: `a${index}`, anchors: [] }))
  const lines = compareAuthorities([], many)
  t.equal(lines.length, 21)
  t.equal(lines[20], 'and 10 more changes of authorities')
  t.end()
})

test('names are told by kind, in words of bounded length', (t) => {
  t.same(describeNames('any'), ['every name'])
  t.same(describeNames({}), ['no name'])
  const spiffe = ['spiffe://a.example', 'spiffe://b.example/x']
  t.same(describeNames({ dns: 'any', spiffe, policy: '1.2.3', subject: { ou: ['a', 'b'] } }), [
    'subjects with OU=a|b',
    'SPIFFE IDs within spiffe://a.example, spiffe://b.example/x',
    'any DNS name',
    'certificate policies 1.2.3'
  ])
  t.same(describeKinds(['uri', 'email', 'ip', 'upn']), [
    'other URI', 'mail address', 'IP address', 'user principal name'
  ])
  const long = Array.from({ length: 9 }, (_, index) => `${'x'.repeat(60)}.${'y'.repeat(60)}.${index}.example`)
  const [line = ''] = describeNames({ dns: long })
  t.ok(line.length <= 300)
  t.end()
})
