import { hash } from 'node:crypto'
import { test } from 'tap'
import { createDevCa } from '@peerkit/dev-ca'
import { createPartialIdentity, parsePeerIdentity } from '@peerkit/identity'
import type { KnownIdentity, PeerIdentity } from '@peerkit/identity'
import { blockMemory } from '../src/block/block-memory.ts'
import type { BlockEntry, KnownEntry } from '../src/block/block-source.ts'
import { BlockIndex } from '../src/block/block-index.ts'
import { readEntries } from '../src/block/read-entry.ts'

const KEY = hash('sha256', 'a key', 'hex')

function peer (known: KnownIdentity): PeerIdentity {
  return createPartialIdentity({ fingerprint256: KEY, ...known })
}

function withUri (...uri: string[]): PeerIdentity {
  return peer({ subjectAltNames: { uri } })
}

interface Case {
  readonly entry: BlockEntry
  readonly in: readonly PeerIdentity[]
  readonly out: readonly PeerIdentity[]
}

const CASES: Readonly<Record<string, Case>> = {
  'issuer and serial number': {
    entry: { issuer: 'cn=Internal  CA, o=Example', serialNumber: '00:0A:1b:2C' },
    in: [
      peer({ issuer: 'CN=internal ca,O=EXAMPLE', serialNumber: '0a1b2c' }),
      peer({ issuer: 'CN=Internal CA,O=Example', serialNumber: 'A:1B:2C' })
    ],
    out: [
      peer({ issuer: 'CN=Internal CA,O=Example', serialNumber: '0a1b2d' }),
      peer({ issuer: 'CN=Internal CA,O=Example', serialNumber: '0a1b2c00' }),
      peer({ issuer: 'CN=Other CA,O=Example', serialNumber: '0a1b2c' }),
      peer({ issuer: 'O=Example,CN=Internal CA', serialNumber: '0a1b2c' }),
      peer({ serialNumber: '0a1b2c' }),
      peer({ issuer: 'CN=Internal CA,O=Example' })
    ]
  },
  'public key in hex': {
    entry: { publicKey: (KEY.toUpperCase().match(/../g) as string[]).join(':') },
    in: [peer({ publicKey256: KEY })],
    out: [peer({ publicKey256: hash('sha256', 'another', 'hex') }), peer({ fingerprint256: KEY })]
  },
  'public key in base64': {
    entry: { publicKey: Buffer.from(KEY, 'hex').toString('base64') },
    in: [peer({ publicKey256: KEY })],
    out: [peer({ publicKey256: hash('sha256', 'another', 'hex') })]
  },
  'public key in base64 without padding': {
    entry: { publicKey: Buffer.from(KEY, 'hex').toString('base64').slice(0, 43) },
    in: [peer({ publicKey256: KEY })],
    out: [peer({})]
  },
  'one SPIFFE ID': {
    entry: { spiffe: 'spiffe://prod.example/ns/ops/sa/web' },
    in: [
      peer({ spiffeId: 'spiffe://prod.example/ns/ops/sa/web' }),
      withUri('spiffe://other.example/x', 'spiffe://prod.example/ns/ops/sa/web'),
      withUri('SPIFFE://Prod.Example/ns/ops/sa/web'),
      withUri('spiffe://user@prod.example:80/ns/ops/sa/web?q#f'),
      peer({ isCa: true, subjectAltNames: { uri: ['spiffe://prod.example/ns/ops/sa/web'] } })
    ],
    out: [
      peer({ spiffeId: 'spiffe://prod.example/ns/ops/sa/web2' }),
      peer({ spiffeId: 'spiffe://prod.example/ns/ops/sa' }),
      peer({ spiffeId: 'spiffe://prod.example/ns/ops/sa/web/x' }),
      peer({ spiffeId: 'spiffe://prod.example/ns/ops/sa/Web' }),
      peer({ spiffeId: 'spiffe://test.example/ns/ops/sa/web' }),
      withUri('https://prod.example/ns/ops/sa/web'),
      peer({})
    ]
  },
  'a trust domain': {
    entry: { spiffe: 'spiffe://prod.example' },
    in: [
      peer(
        { spiffeId: 'spiffe://prod.example/web' }
      ), withUri('spiffe://prod.example'), withUri('spiffe://PROD.example/a'),
      withUri('spiffe://prod.example/%zz//'), withUri('spiffe://u@prod.example:1'), withUri('spiffe://prod.example?x')
    ],
    out: [
      peer({ spiffeId: 'spiffe://prod.example2/web' }), peer({ spiffeId: 'spiffe://a.prod.example/web' }),
      withUri('spiffe:prod.example/x')
    ]
  },
  'a trust domain with /**': {
    entry: { spiffe: 'spiffe://prod.example/**' },
    in: [peer({ spiffeId: 'spiffe://prod.example/web' }), withUri('spiffe://prod.example')],
    out: [peer({ spiffeId: 'spiffe://test.example/web' })]
  },
  'all below a path': {
    entry: { spiffe: 'spiffe://prod.example/ns/ops/**' },
    in: [
      peer({ spiffeId: 'spiffe://prod.example/ns/ops/web' }), peer({ spiffeId: 'spiffe://prod.example/ns/ops/sa/web' }),
      withUri('spiffe://PROD.example/ns/ops/')
    ],
    out: [
      peer({ spiffeId: 'spiffe://prod.example/ns/ops' }), peer({ spiffeId: 'spiffe://prod.example/ns/ops2/web' }),
      peer({ spiffeId: 'spiffe://prod.example/ns/dev/web' }), peer({ spiffeId: 'spiffe://test.example/ns/ops/web' }),
      peer({ spiffeId: 'spiffe://prod.example/x/ns/ops/web' })
    ]
  },
  'a whole name': {
    entry: { name: 'CN=Web  Server,OU=billing' },
    in: [
      peer({ subject: 'CN=web server,OU=Billing' }),
      peer({ subject: 'CN=other', subjectAltNames: { directoryName: ['cn=WEB SERVER,ou=billing'] } })
    ],
    out: [
      peer({ subject: 'CN=Web Server' }), peer(
        { subject: 'CN=Web Server,OU=billing,O=Example' }
      ), peer({ subject: 'OU=billing,CN=Web Server' }),
      peer({ subject: 'CN=Web Server+OU=billing' }), peer({ issuer: 'CN=Web Server,OU=billing' }), peer({})
    ]
  },
  'a DNS name': {
    entry: { dns: 'Web.prod.example.' },
    in: [
      peer({ subjectAltNames: { dns: ['a.example', 'WEB.prod.EXAMPLE'] } }),
      peer({ subjectAltNames: { dns: ['web.prod.example.'] } })
    ],
    out: [
      peer({ subjectAltNames: { dns: ['*.prod.example', 'a.web.prod.example', 'prod.example'] } }),
      peer({ subject: 'CN=web.prod.example', subjectAltNames: { uri: ['https://web.prod.example'] } }), peer({})
    ]
  },
  'an e-mail address': {
    entry: { email: 'Ops@Example.com' },
    in: [
      peer(
        { subjectAltNames: { email: ['a@example.com', 'ops@EXAMPLE.com'] } }
      ), peer({ subject: 'CN=x,1.2.840.113549.1.9.1=OPS@example.com' })
    ],
    out: [
      peer({ subjectAltNames: { email: ['dev-ops@example.com', 'ops@example.org'] } }),
      peer({ subject: 'CN=ops@example.com' }), peer({})
    ]
  }
}

for (const [what, { entry, in: inside, out }] of Object.entries(CASES)) {
  test(`blocks by ${what}`, async (t) => {
    const list = blockMemory([{ ...entry, reason: 'ticket 4711' }])
    for (const one of inside) t.match(list.find(one), { entry: String, reason: 'ticket 4711' }, `inside: ${one}`)
    for (const one of out) t.equal(list.find(one), undefined, `outside: ${one}`)
    t.same(blockMemory(list.entries).entries, list.entries, 'entries can be given again')
  })
}

test('blocks real certificates, a CA among them', async (t) => {
  const ca = await createDevCa()
  const [one, other] = await Promise.all(
    ['one', 'other'].map(async (cn) => parsePeerIdentity((await ca.issue({ cn })).der))
  ) as [PeerIdentity, PeerIdentity]
  const root = parsePeerIdentity(Buffer.from(ca.root.replace(/-----.*-----|\s/g, ''), 'base64'))
  const list = blockMemory(
    [{ issuer: String(one.issuer), serialNumber: one.serialNumber, reason: 'stolen' }, { publicKey: root.publicKey256 }]
  )
  t.same(list.find(one), { entry: `issuer ${String(one.issuer)}, serial number ${one.serialNumber}`, reason: 'stolen' })
  t.equal(list.find(other), undefined)
  t.same(list.find(root), { entry: `public key ${root.publicKey256}`, reason: undefined })
})

test('each entry says in words what it blocks', async (t) => {
  const entries: BlockEntry[] = [
    {
      issuer: 'CN=CA', serialNumber: 'A:1b'
    }, { publicKey: KEY }, { spiffe: 'spiffe://a/b' }, { spiffe: 'spiffe://a/**' },
    { spiffe: 'spiffe://a/b/**' }, { name: 'CN=x' }, { dns: 'X.example' }, { email: 'X@y' }
  ]
  const list = blockMemory(entries)
  t.same(list.entries, [
    { issuer: 'CN=CA', serialNumber: '0a1b' }, { publicKey: KEY }, { spiffe: 'spiffe://a/b' }, { spiffe: 'spiffe://a' },
    { spiffe: 'spiffe://a/b/**' }, { name: 'CN=x' }, { dns: 'x.example' }, { email: 'x@y' }
  ])
  t.same(
    list.find(peer({ issuer: 'CN=CA', serialNumber: 'a1b' })),
    { entry: 'issuer CN=CA, serial number 0a1b', reason: undefined }
  )
  t.same(
    list.find(peer({ subjectAltNames: { dns: ['x.example'] } })), { entry: 'DNS name x.example', reason: undefined }
  )
  t.same(list.find(peer({ subject: 'CN=X' })), { entry: 'name CN=x', reason: undefined })
  t.same(list.find(withUri('spiffe://a/z')), { entry: 'SPIFFE ID spiffe://a', reason: undefined })
})

test('an entry counts until its end by the clock of each call, and is then kept and counted', async (t) => {
  let now = Date.parse('2026-12-23T23:59:59.999Z')
  const list = blockMemory([
    { dns: 'a.example', until: '2026-12-24', reason: 'first' },
    { dns: 'b.example', until: '2026-12-24T01:00:00+01:00' },
    { dns: 'c.example', until: '2026-12-24 12:30Z' },
    { dns: 'd.example', until: '2020-01-01' },
    { dns: 'e.example' }
  ], { clock: { now: () => now } })
  const blocked = (): string[] => ['a', 'b', 'c', 'd', 'e'].filter((host) => list.find(
    peer({ subjectAltNames: { dns: [`${host}.example`] } })
  ) !== undefined)
  t.same(blocked(), ['a', 'b', 'c', 'e'])
  t.equal(list.ended, 1)
  now += 1
  t.same(blocked(), ['c', 'e'])
  t.equal(list.ended, 3)
  now = Date.parse('2026-12-24T12:30:00Z')
  t.same(blocked(), ['e'])
  t.equal(list.ended, 4)
  t.equal(list.entries.length, 5)
  t.equal(list.version, 1, 'an end cuts nothing, so the version stays')
  now = 0
  t.same(blocked(), ['a', 'b', 'c', 'd', 'e'])
  t.equal(list.entries[1]?.until, '2026-12-24T00:00:00.000Z')
})

test('of two entries for one certificate the one that lasts counts, in whatever order', async (t) => {
  let now = Date.parse('2026-01-01T00:00:00Z')
  const entries = [
    { dns: 'a', until: '2026-02-01', reason: 'short' }, { dns: 'A', reason: 'for ever' },
    { dns: 'a', reason: 'at first' }, { dns: 'a', until: '2026-01-15', reason: 'shorter' }
  ]
  for (const order of [entries, [...entries].reverse()]) {
    const list = blockMemory([...order, ...order], { clock: { now: () => now } })
    for (const date of ['2026-01-01', '2026-03-01']) {
      now = Date.parse(date)
      t.same(list.find(peer({ subjectAltNames: { dns: ['a'] } })), { entry: 'DNS name a', reason: 'at first' })
    }
  }
})

test('another kind of entry blocks where one has ended', async (t) => {
  const list = blockMemory([{ publicKey: KEY, until: '2020-01-01' }, { dns: 'a' }])
  t.match(list.find(peer({ publicKey256: KEY, subjectAltNames: { dns: ['a'] } })), { entry: 'DNS name a' })
})

/** Counts how often what is looked for and until when is read of any entry. */
function countReads (entries: readonly KnownEntry[]): { readonly counted: KnownEntry[], reads: number } {
  const counter = { counted: [] as KnownEntry[], reads: 0 }
  for (const entry of entries) {
    const read = <Key extends keyof KnownEntry>(name: Key): KnownEntry[Key] => {
      counter.reads += 1
      return entry[name]
    }
    counter.counted.push({
      ...entry,
      get kind () { return read('kind') },
      get key () { return read('key') },
      get until () { return read('until') }
    })
  }
  return counter
}

test('a look-up among 100,000 entries looks at one entry at most', async (t) => {
  const { entries } = blockMemory(Array.from({ length: 100_000 }, (_, index): BlockEntry => {
    if (index % 4 === 0) return { issuer: `CN=CA ${index % 10}`, serialNumber: (index + 1).toString(16) }
    if (index % 4 === 1) return { publicKey: hash('sha256', String(index), 'hex') }
    return index % 4 === 2 ? { spiffe: `spiffe://prod.example/ns/n${index}/**` } : { dns: `host-${index}.prod.example` }
  }))
  const inside = [
    peer(
      { issuer: 'CN=ca 6', serialNumber: (99_996 + 1).toString(16) }
    ), peer({ publicKey256: hash('sha256', '50001', 'hex') }),
    withUri('spiffe://prod.example/ns/n77778/web'), peer({ subjectAltNames: { dns: ['HOST-99999.prod.example'] } })
  ]
  const outside = [
    peer(
      { issuer: 'CN=ca 7', serialNumber: (99_996 + 1).toString(16) }
    ), peer({ publicKey256: hash('sha256', '50000', 'hex') }),
    withUri('spiffe://prod.example/ns/n77777/web'), peer({ subjectAltNames: { dns: ['host-99998.prod.example'] } }),
    withUri(`spiffe://prod.example/${'/'.repeat(2_000)}`)
  ]
  const counter = countReads(readEntries(entries, [], 'block', (_, what) => new Error(what)))
  const index = new BlockIndex(counter.counted)
  const readsOf = (one: PeerIdentity): { found: boolean, reads: number } => {
    counter.reads = 0
    return { found: index.find(one, Date.now()) !== undefined, reads: counter.reads }
  }
  for (const one of inside) t.same(readsOf(one), { found: true, reads: 1 }, `inside: ${one}`)
  for (const one of outside) t.same(readsOf(one), { found: false, reads: 0 }, `outside: ${one}`)
})

test('a negative serial number is blocked by its text, in whole octets', async (t) => {
  const read = (serialNumber: string): KnownEntry => {
    return readEntries([{ issuer: 'CN=CA', serialNumber }], [], 'block', (_, what) => new Error(what))[0]!
  }
  t.same(['-01', '-0001', '-7F:00'].map((text) => read(text).entry.serialNumber), ['-01', '-01', '-7f00'])
  t.equal(read('-0001').key, read('-01').key)
  t.not(read('-01').key, read('01').key)
  for (const text of ['-', '-1', '-0', '-00', '--01', '-0x', '0-1', '-01:1']) {
    t.throws(() => read(text), /expected up to 128 hex digits/, text)
  }
})
