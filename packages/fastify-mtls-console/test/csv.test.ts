import { test } from 'tap'
import { createDevCa } from '@peerkit/dev-ca'
import { writeCsv } from '../src/http/csv.ts'
import { call } from './support/call.ts'
import { readCsv } from './support/read-csv.ts'
import { createWorld } from './support/world.ts'

test('a cell is no formula, whatever a certificate says', async (t) => {
  for (const name of ['=1+1', '+1', '-1', '@SUM(A1)', '＝1', '＋1', '－1', '＠x', '  =1']) {
    t.equal(writeCsv({ columns: ['name'], rows: [[name]] }), `\ufeff"name"\r\n"'${name}"\r\n`, name)
  }
  t.equal(writeCsv({ columns: ['n'], rows: [[-1], [undefined], [true], ['a=b']] }), '\ufeff"n"\r\n"-1"\r\n""\r\n"true"\r\n"a=b"\r\n')
})

test('a cell stays one cell: quotes, separators, and line breaks and other invisible characters', async (t) => {
  const rows = [['a"b', 'c,d;e', 'f\r\n=g\th\u202e']]
  t.equal(writeCsv({ columns: ['a', 'b', 'c'], rows }).split('\r\n')[1], '"a""b","c,d;e","f⟨U+000D⟩⟨U+000A⟩=g⟨U+0009⟩h⟨U+202E⟩"')
  t.equal(writeCsv({ columns: ['a'], rows: [['\t=1']] }).split('\r\n')[1], '"⟨U+0009⟩=1"')
})

test('a file has so many rows, and says how many it leaves out', async (t) => {
  const lines = writeCsv({ columns: ['a'], rows: Array.from({ length: 20_003 }, (_, index) => [index]) }).trimEnd().split('\r\n')
  t.equal(lines.length, 1 + 20_000 + 1)
  t.equal(lines.at(-1), '"3 more rows: narrow the filter"')
})

test('every table can be had, with the filters of its page', async (t) => {
  const world = await createWorld(t, { crl: true, console: { outbound: [{ name: 'mail', origin: 'https://mail.internal' }] } })
  const { app, ca, credentials, ask } = world
  await app.listen({ host: '127.0.0.1', port: 0 })
  const client = await ca.issue({ profile: 'client', cn: '=cmd()', ou: 'billing', dns: 'b.example', checkNames: false })
  t.equal(await call(app.listeningOrigin, ca.root, client, '/accounts'), 200)
  t.equal(await call(app.listeningOrigin, ca.root, client, '/accounts/1', 'DELETE'), 403)
  const other = await ca.issue({ profile: 'client', cn: 'other', ou: 'billing' })
  t.equal(await call(app.listeningOrigin, ca.root, other, '/accounts'), 200)
  const get = async (path: string): Promise<ReadonlyArray<Readonly<Record<string, string>>>> => {
    const { headers, body } = await ask({ url: `/console/${path}` })
    t.match(headers, { 'content-type': 'text/csv; charset=utf-8', 'content-disposition': /^attachment; filename="\w+\.csv"$/, 'cache-control': 'no-store' })
    return readCsv(body)
  }
  const all = await get('clients.csv')
  t.strictSame(all.map(({ name }) => name).sort(), ["'=cmd()", 'other'])
  t.match(await get('clients.csv?q=b.example'), [{ name: "'=cmd()", subject: 'CN==cmd(),OU=billing', allowed: '1', denied: '1', ca: /^CN=Test CA/, last_denial: 'DELETE /accounts/:id', reason: 'no_match' }])
  t.match(await get('log.csv?kind=denied'), [{ kind: 'denied', count: '1', title: 'Denied: DELETE /accounts/:id', chain: /^CN=Test CA/, issuer: /^CN=Test CA/ }])
  t.match(await get('access.csv?q=DELETE'), [{ methods: 'DELETE', path: '/accounts/:id', access: 'rules', denied: '1', rules: /^config\.allowedClients \(enforce\): - "operators"/ }])
  t.match(await get('calls.csv'), [{ direction: 'in', allowed: '1', denied: '1' }, { direction: 'in', name: 'other' }, { direction: 'out', name: 'mail', connections: '0' }])
  t.match(await get('crls.csv'), [{ issuer: /^CN=Test CA/, entries: '0' }])
  t.match((await get('expiry.csv')).map(({ what }) => what).sort(), ['CRL', 'client', 'client', 'own certificate', 'trusted CA'])
  t.match(await get('timeline.csv'), [{ kind: 'rotation', outcome: 'start' }])
  t.strictSame(await get('timeline.csv?change=rules'), [])
  t.strictSame(await get('forecast.csv'), [])
  t.match(await get('authorities.csv'), [{ authority: 'default', vouches_for: 'every name', state: 'trusted', clients_seen: '2' }])
  credentials.update({ ca: (await createDevCa({ name: 'New CA' })).root, crl: undefined })
  t.match(await get('authorities.csv'), [{ ca: /^CN=New CA/, state: 'trusted' }, { ca: /^CN=Test CA/, state: 'removed', removed_at: /^20/ }])
})

test('a page links its table and its data, with its filters', async (t) => {
  const { get, as, issue } = await createWorld(t)
  await as(await issue({ cn: 'nobody' }), '/accounts')
  const page = await get('/log?q=nobody+%26x&kind=denied&from=2020-01-01T00:00')
  t.match(page, 'href="/console/data.json?q=nobody+%26x&amp;kind=denied&amp;from=2020-01-01T00%3A00"')
  t.match(await get('/log?q=nobody'), 'href="/console/log.csv?q=nobody" download')
  t.match(await get('/clients'), 'href="/console/clients.csv" download')
  t.match(await get('/access?q=DELETE'), 'href="/console/access.csv?q=DELETE" download')
})
