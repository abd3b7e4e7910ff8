import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { test } from 'tap'
import { blockFile } from '../src/block/block-file.ts'
import type { BlockFileOptions } from '../src/block/block-file.ts'
import { blockMemory } from '../src/block/block-memory.ts'
import type { BlockEntry } from '../src/block/block-source.ts'
import { readBlockList } from '../src/block/read-block-list.ts'

const HEX = 'ab'.repeat(32)

function read (text: string | Uint8Array, path = 'block.yaml'): readonly BlockEntry[] {
  return readBlockList(typeof text === 'string' ? Buffer.from(text) : text, path).map(({ entry }) => entry)
}

const list = (...entries: string[]): string => `version: 1\nblock:\n${entries.map((entry) => `  - ${entry}\n`).join(
  ''
)}`

test('reads every kind of entry from YAML', async (t) => {
  const text = `
# Kept out at once.
version: 1
block:
  - issuer: CN=Internal CA,O=Example
    serialNumber: 0a:1b:2c
    reason: laptop stolen, ticket 4711
    until: 2026-12-24T00:00:00Z     # optional
  - publicKey: ${HEX}
  - spiffe: spiffe://prod.example/ns/ops/sa/web
  - name: CN=web,OU=billing
  - dns: web.prod.example
    until: 2026-12-24
  - { email: ops@example.com, reason: "  two
      lines " }
`
  const entries = [
    {
      issuer: 'CN=Internal CA,O=Example',
      serialNumber: '0a1b2c',
      reason: 'laptop stolen, ticket 4711',
      until: '2026-12-24T00:00:00.000Z'
    },
    { publicKey: HEX },
    { spiffe: 'spiffe://prod.example/ns/ops/sa/web' },
    { name: 'CN=web,OU=billing' },
    { dns: 'web.prod.example', until: '2026-12-24T00:00:00.000Z' },
    { email: 'ops@example.com', reason: 'two lines' }
  ]
  t.same(read(text), entries)
  t.same(read(text, 'block'), entries, 'by its content')
  const json = JSON.stringify({ version: 1, block: entries })
  for (const path of [
    'block.json', 'block', 'block.yml', 'block.conf'
  ]) t.same(read(`\uFEFF${json}`, path), entries, path)
})

test('takes values of YAML as text: digits stay the digits they are', async (t) => {
  const serials = ['1e10', '0012', '12345678901234567890123', '0b11', '"7"', '1_0'.replace('_', '')]
  t.same(read(
    list(...serials.map((serial) => `{ issuer: CN=CA, serialNumber: ${serial} }`))
  ).map(({ serialNumber }) => serialNumber),
  ['1e10', '12', '012345678901234567890123', '0b11', '07', '10'])
  t.same(
    read(list('{ dns: null }', '{ dns: true, reason: 42 }', '{ dns: "off", reason: "" }')),
    [{ dns: 'null' }, { dns: 'true', reason: '42' }, { dns: 'off' }]
  )
})

test('takes a list that says it is empty, aliases, and flow collections without JSON', async (t) => {
  t.same(read('version: 1\nblock: []'), [])
  t.same(read('{"version":1,"block":[]}', 'x.json'), [])
  t.same(read('{version: 1, block: [{dns: a}]}', 'block'), [{ dns: 'a' }])
  t.same(
    read(list('{ dns: a, reason: &why "see [4711] {x" }', '{ dns: b, reason: *why }')).map(({ reason }) => reason),
    ['see [4711] {x', 'see [4711] {x']
  )
  t.same(
    read(JSON.stringify({ version: 1, block: [{ dns: 'a', reason: '"x": \\"y": \\' }] }), 'x.json').length, 1,
    'colons in texts are no keys'
  )
})

const BAD: ReadonlyArray<readonly [string, string, RegExp | string]> = [
  ['', 'structure', 'block (f.yaml): found an empty document; expected version and block (block: [] to block nothing)'],
  ['# nothing\n', 'structure', 'found an empty document'],
  [
    'version: 1\n',
    'structure', 'block (f.yaml): block: found nothing; expected an array of entries ([] to block nothing)'
  ],
  ['version: 1\nblock:\n', 'structure', /block \(line \d\): found an empty text; expected an array/],
  ['version: 1\nblock: {}', 'structure', 'block (line 2): found an object; expected an array'],
  ['version: 1\nblock: ~', 'structure', 'block (line 2): found "~"; expected an array'],
  ['block: []', 'structure', 'version: found nothing; expected 1'],
  ['version: 2\nblock: []', 'structure', 'version (line 1): found "2"; expected 1'],
  ['- dns: a', 'structure', 'block (f.yaml): found an array; expected an object with version and block'],
  ['hello', 'structure', 'found "hello"; expected an object'],
  ['version: 1\nblocks: []', 'structure', 'blocks (line 2): unknown key; did you mean "block"?'],
  ['version: 1\nblock: []\nwhatever: 1', 'structure', 'whatever (line 3): unknown key; expected version and block'],
  [
    'version: 1\nblock: []\nblock: [{ dns: a }]',
    'malformed', 'Map keys must be unique at line 3, column 1; expected YAML'
  ],
  ['version: 1\nblock: [', 'malformed', /at line 2, column 9; expected YAML$/],
  ['version: 1\nblock: !!seq []\n---\n', 'malformed', /; expected YAML$/],
  ['version: 1\nblock: !x []', 'malformed', /Unresolved tag: !x at line 2/],
  [
    `version: 1\nblock: ${'['.repeat(500_000)}`,
    'malformed', 'block (f.yaml): found more than 16 levels; expected a list of entries'
  ],
  [`version: 1\nblock:\n  ${'- '.repeat(200_000)}x`, 'malformed', 'found more than 16 levels'],
  [`version: 1\nblock: ${': '.repeat(20_000)}x`, 'malformed', 'found more than 16 levels'],
  [`{"version":1,"block":[{"issuer"${':"a"'.repeat(5_000)}}]}`, 'malformed', 'found more than 16 levels'],
  [
    'version: 1\na: &a [x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b]\nd: [*c,*c,*c,*c,*c,*c]',
    'malformed', 'Excessive alias count'
  ],
  [
    list('text'),
    'structure', 'block[0] (line 3): found "text"; expected an object with one of issuer with serialNumber, publicKey'
  ],
  [list('[]'), 'structure', 'block[0] (line 3): found an array; expected an object'],
  [list('{}'), 'structure', 'block[0] (line 3): found nothing; expected one of issuer with serialNumber'],
  [list('{ reason: x, until: 2026-01-01 }'), 'structure', 'block[0] (line 3): found reason and until; expected one of'],
  [list('dns: a', 'dsn: b'), 'structure', 'block[1].dsn (line 4): unknown key; did you mean "dns"?'],
  [list('serial: 1'), 'structure', 'block[0].serial (line 3): unknown key; did you mean "serialNumber"?'],
  [
    list('constructor: 1'),
    'structure', 'constructor (line 3): unknown key; expected one of issuer, publicKey, spiffe, name, dns, email,'
  ],
  [list('__proto__: {}'), 'structure', 'unknown key'],
  ...['fingerprint', 'fingerprint256', 'sha256Fingerprint', 'thumbprint'].map((key) => [
    list(
      `${key}: ${HEX}`
    ), 'structure', `block[0].${key} (line 3): found a fingerprint, which does not block reliably: the holder of ` +
      'a certificate can change its fingerprint while it still verifies (by negating the s of an ECDSA signature); ' +
      'expected issuer and serialNumber, or publicKey'
  ] as const),
  [list('{ dns: a, email: a@b }'), 'structure', 'block[0] (line 3): found dns and email; expected exactly one of'],
  [
    list('{ dns: a, serialNumber: 1 }'),
    'structure', 'block[0] (line 3): found serialNumber with dns; expected serialNumber with issuer'
  ],
  [list('serialNumber: 1'), 'structure', 'found serialNumber without issuer; expected serialNumber with issuer'],
  [
    list('issuer: CN=CA'),
    'structure', 'found issuer without serialNumber; expected both (to block a whole CA, block its publicKey)'
  ],
  [
    list('{ issuer: CN=CA, serialNumber: 0x1a }'),
    'structure', 'block[0].serialNumber (line 3): found "0x1a"; expected up to 128 hex digits, such as 0a:1b:2c'
  ],
  ...['1:2', '0a::1b', ':0a', '0a:1b:', 'x', '""', '-1', '1'.repeat(129)].map((serial) => [
    list(`{ issuer: CN=CA, serialNumber: ${serial.includes(':') ? `"${serial}"` : serial} }`),
    'structure', 'expected up to 128 hex digits'
  ] as const),
  [
    list('{ issuer: Internal CA, serialNumber: 1 }'),
    'structure', 'block[0].issuer (line 3): found "Internal CA"; expected a distinguished name, such as ' +
      'CN=web,OU=billing (expected "type=value" at position 0)'
  ],
  [list('name: ""'), 'structure', 'block[0].name (line 3): found an empty text; expected a distinguished name'],
  [list('name: FOO=x'), 'structure', 'unknown attribute type "FOO"'],
  ...[
    HEX.slice(2), `${HEX}ab`, `${HEX.slice(1)}g`, `"${'ab:'.repeat(32)}"`, `${'A'.repeat(42)}B=`, `${'A'.repeat(43)}==`,
    '""'
  ].map((key) => [
    list(`publicKey: ${key}`),
    'structure', 'expected the SHA-256 of the SubjectPublicKeyInfo, in 64 hex digits or in base64'
  ] as const),
  [
    list('spiffe: https://prod.example/web'),
    'structure', 'block[0].spiffe (line 3): found "https://prod.example/web"; expected a SPIFFE ID such as'
  ],
  ...[
    'spiffe://Prod.example/a', 'spiffe://prod.example/', 'spiffe://prod.example/*', 'spiffe://*/a',
    'spiffe://prod.example/a**', 'spiffe:///**', 'spiffe://prod.example/a//**'
  ].map((id) => [
    list(`spiffe: ${id}`),
    'structure', 'expected a SPIFFE ID such as'
  ] as const),
  [
    list('dns: "*.prod.example"'),
    'structure', 'wildcards are not supported; block a wildcard certificate by issuer and serialNumber, or by publicKey'
  ],
  ...['bücher.example', 'a..b', 'a b', '""', '-a.example', 'a/b', 'a.'.repeat(128)].map((name) => [
    list(`dns: ${name === '-a.example' ? `"${name}"` : name}`),
    'structure', 'expected one DNS name in ASCII'
  ] as const),
  ...['ops', '"@example.com"', 'ops@', 'o ps@example.com', '"*@example.com"'].map((name) => [
    list(`email: ${name}`),
    'structure', 'expected one e-mail address'
  ] as const),
  ...[
    'tomorrow', '2026-12-24T00:00:00', '2026-13-01', '24.12.2026', '2026-12-24T25:00Z', '2026', '1798070400', '""'
  ].map((until) => [
    list(`{ dns: a, until: ${until.includes(':') ? `"${until}"` : until} }`),
    'structure', 'expected a date, or a time with its zone, such as 2026-12-24 or 2026-12-24T18:00:00Z'
  ] as const),
  ...['2026-02-30', '2027-02-29T00:00:00Z', '2026-04-31'].map((until) => [
    list(`{ dns: a, until: "${until}" }`),
    'structure', `block[0].until (line 3): found "${until}"; expected a date`
  ] as const),
  [
    list(`{ dns: a, reason: ${'x'.repeat(1_001)} }`),
    'structure', 'block[0].reason (line 3): found 1001 characters; expected at most 1000'
  ],
  [list('{ dns: a, reason: [x] }'), 'structure', 'block[0].reason (line 3): found an array; expected text'],
  [
    list(`dns: ${'x'.repeat(10_001)}`),
    'structure', 'block[0].dns (line 3): found 10001 characters; expected at most 10000'
  ],
  [list(`dns: ${'x'.repeat(300)}`), 'structure', /found "x{79}…"; expected one DNS name/]
]

test('refuses what it is not sure of, and says where and why', async (t) => {
  for (const [text, reason, message] of BAD) {
    t.throws(
      () => read(text, 'f.yaml'),
      {
        code: 'MTLS_ERR_BLOCK_LIST_INVALID',
        reason,
        message: typeof message === 'string' ? new RegExp(escape(message)) : message
      },
      text.slice(0, 80)
    )
  }
  t.throws(
    () => read(Uint8Array.of(0x62, 0xff), 'f.yaml'),
    { reason: 'malformed', message: /block \(f\.yaml\): found bytes that are not UTF-8/ }
  )
})

function escape (text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
}

test('refuses broken JSON, JSON with a key twice, and numbers for text', async (t) => {
  const json = (text: string, message: RegExp, reason = 'structure', path = 'f.json'): void => {
    t.throws(() => read(text, path), { reason, message }, text)
  }
  json('', /block \(f\.json\): Unexpected end of JSON input; expected JSON/, 'malformed')
  json('version: 1', /; expected JSON/, 'malformed')
  json('{"version":1,"block":[{"dns":"a"}', /; expected JSON/, 'malformed')
  json('{"version":1,\n"block":[{"dns":"a","d\\u006es":"b"}]}', /Map keys must be unique at line 2/, 'malformed')
  json('{"version":1,"block":[],"block":[{"dns":"a"}]}', /Map keys must be unique/, 'malformed', 'f')
  json('{"version":1,"block":[{"dns":"a"}', /expected YAML/, 'malformed', 'f')
  json('null', /found an empty document/)
  json(
    '{"version":1,\n"block":[{"dns":"a"},\n{"issuer":"CN=x","serialNumber":12}]}',
    /block\[1\]\.serialNumber \(line 3\): found 12; expected text, in quotes/
  )
  json('{"version":1,"block":[{"dns":null}]}', /block\[0\]\.dns \(line 1\): found null; expected text/)
  json('{"version":true,"block":[]}', /version \(line 1\): found true; expected 1/)
  json(`${'['.repeat(100_000)}${']'.repeat(100_000)}`, /block \(f\.json\): found an array; expected an object/)
})

test('blockMemory says what is wrong, and keeps the list that it has', async (t) => {
  const block = blockMemory([{ dns: 'a' }])
  t.throws(
    () => { block.update([{ dns: 'b' }, { dns: 'c', reson: 'x' } as BlockEntry]) },
    {
      code: 'MTLS_ERR_BLOCK_LIST_INVALID',
      reason: 'structure',
      message: /Invalid block list: update: entries\[1\]\.reson: unknown key; did you mean "reason"\?$/
    }
  )
  t.throws(() => { block.update(undefined as never) }, { message: /update: entries: found nothing; expected an array/ })
  t.throws(() => { block.update(new Array(1)) }, { message: /entries\[0\]: found nothing; expected an object/ })
  t.throws(
    () => { block.update([{ dns: (() => 'a') as never }]) },
    { message: /entries\[0\]\.dns: found a function; expected text/ }
  )
  t.throws(
    () => { block.update(new Array(100_001).fill({ dns: 'a' })) },
    { reason: 'too_large', message: /update: found 100001 entries; expected at most 100000/ }
  )
  t.same([block.version, block.entries], [1, [{ dns: 'a' }]])
  t.throws(
    () => blockMemory([], { clok: 1 } as never),
    { code: 'MTLS_ERR_CREDENTIALS_OPTION', message: /unknown option "clok" for blockMemory; did you mean "clock"/ }
  )
  t.throws(
    () => blockMemory([], { clock: {} as never }),
    { message: /clock is an object without now\(\); expected an object with now\(\)/ }
  )
})

test('the start rejects where the file is missing, no file, too large or wrong', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'peerkit-block-'))
  t.teardown(async () => { await rm(folder, { recursive: true, force: true }) })
  const path = join(folder, 'block.yaml')
  const invalid = async (reason: string, message: RegExp, file = path): Promise<void> => {
    await t.rejects(blockFile(file), { code: 'MTLS_ERR_BLOCK_LIST_INVALID', reason, message })
  }
  await invalid(
    'unreadable', /block \(.*block\.yaml\): found no such file; expected a list of blocked certificates, YAML or JSON/
  )
  await invalid('unreadable', /found a directory; expected/, folder)
  await invalid('unreadable', /found something that is not a regular file; expected/, '/dev/null')
  await writeFile(path, '')
  await invalid('structure', /found an empty document/)
  await invalid('unreadable', /found a file instead of a folder in the path/, join(path, 'x'))
  await writeFile(path, `version: 1\nblock: []\n#${'x'.repeat(1_000_000)}`)
  await invalid('too_large', /found 1000022 bytes \(at most 1000000\)/)
})

test('blockFile names the option that is wrong', async (t) => {
  const wrong = async (path: unknown, options: unknown, message: RegExp): Promise<void> => {
    await t.rejects(
      blockFile(path as string, options as BlockFileOptions), { code: 'MTLS_ERR_CREDENTIALS_OPTION', message }
    )
  }
  await wrong('x', { wach: true }, /unknown option "wach" for blockFile; did you mean "watch"/)
  await wrong('x', null, /options of blockFile is null/)
  await wrong('x', { watch: 'yes' }, /watch is "yes"; expected true, false or "poll"/)
  await wrong('x', { pollInterval: 0 }, /pollInterval is 0; expected milliseconds above 0/)
  await wrong('x', { pollInterval: 2_592_000_000 }, /pollInterval is 2592000000; expected milliseconds above 0 and at most 2,147,483,647/)
  await wrong('x', { clock: 1 }, /clock is 1/)
  await wrong('', {}, /path is an empty string; expected the path of a file/)
  await wrong(['x'], {}, /path is a list; expected the path of a file/)
})

test('a key that is a list is refused, and no warning of the process tells of it too', async (t) => {
  const warnings: string[] = []
  const keep = ({ message }: Error): void => { warnings.push(message) }
  process.on('warning', keep)
  t.teardown(() => { process.off('warning', keep) })
  t.throws(() => readBlockList(Buffer.from('version: 1\nblock: []\n? [a]\n: b\n'), 'f.yaml'), { code: 'MTLS_ERR_BLOCK_LIST_INVALID', reason: 'structure' })
  await turn()
  t.strictSame(warnings, [])
})
