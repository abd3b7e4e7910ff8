import { createServer, rootCertificates } from 'node:tls'
import { test } from 'tap'
import { createDevCa } from '@peerkit/dev-ca'
import { folder } from './support/folder.ts'
import { peerkit, peerkitHere } from './support/peerkit.ts'
import {
  between, digicert, forecast, generationY, isrg, own, r11, SERVER_ONLY, someTrust
} from './support/public-world.ts'
import { listen } from './support/servers.ts'

const AT = '2026-11-28T12:00:00Z'
const period = between('2026-11-01', '2027-01-30')
const ours = await own.issue({ cn: 'ours', ...period })
const orders = await digicert.issue({ cn: 'orders', ...between('2026-09-01', '2027-04-30') })
const billing = await r11.issue({ cn: 'billing', ...between('2026-05-01', '2027-01-01') })
const web = await r11.issue({ cn: 'web', profile: 'server', dns: 'web.example', ...period })
const limited = await generationY.issue({ cn: 'limited', ...period })

test('what is affected is listed by date with what to do, what is private in one line', async (t) => {
  const file = folder(t, {
    'ours.pem': ours.cert + own.certificate, 'orders.pem': orders.chain, 'billing.pem': billing.chain
  })
  const certs = ['ours.pem', 'orders.pem', 'billing.pem'].flatMap((name) => ['--cert', file(name)])
  const { code, out } = await forecast(...certs, '--at', AT)
  t.equal(code, 1)
  const rows = out.split('\n').filter((line) => line.includes('CN='))
  t.same(rows.map((line) => line.replace(file('.'), '').replace(/ \(sha256:\w+\)/, '').split(/ {2,}/)), [
    ['LOSES', 'at the latest 2027-01-01', 'unknown', 'CN=billing', '(/billing.pem)'],
    ['', 'from 2027-03-01', 'unknown', 'CN=orders', '(/orders.pem)'],
    ['', 'unknown', 'CN=ours', '(/ours.pem): not affected, from a private CA (by its signatures)']
  ])
  t.equal(new Set(rows.map((line) => line.indexOf('CN='))).size, 1, 'the columns stand below each other')
  t.match(out, [
    '',
    '    from Let\'s Encrypt, a public CA (by its signatures)',
    '    it has clientAuth; it expires on 2027-01-01',
    '    next renewal about 2026-10-11: only serverAuth; ' +
      'last day for clientAuth of Let\'s Encrypt: 2026-05-12 (announcement of Let\'s Encrypt)',
    '    to do: If a client presents it: Get the client\'s certificate from a private CA before 2027-01-01 ' +
      '(to try it: peerkit ca init, peerkit cert issue). If the client belongs to a partner, ask the partner to do so.',
    ''
  ].join('\n'))
  t.match(out, 'next renewal about 2027-02-08: clientAuth is still possible; ' +
    'last day for clientAuth of DigiCert: 2027-02-28 (announcement of DigiCert)\n')
  t.match(out, '\nTo accept such clients until then, set serverAuthOnly: { acceptUntil: \'YYYY-MM-DD\' } ' +
    'of the authority. It requires bounds on its names.\n')
  t.match(out, /\nTo do: 1 of 3, within 90 days from 2026-11-28T12:00:00Z\.\n$/)
})

test('the exit code goes by the time, and by the use', async (t) => {
  const file = folder(t, {
    'orders.pem': orders.chain,
    'web.pem': web.chain,
    'limited.pem': limited.chain,
    'ours.pem': ours.cert,
    'old.pem': billing.chain
  })
  const expected: ReadonlyArray<readonly [args: readonly string[], code: number]> = [
    [['orders.pem'], 0],
    [['orders.pem', '--within', '92d'], 0],
    [['orders.pem', '--within', '93d'], 1],
    [['web.pem'], 0],
    [['web.pem', '--use', 'server'], 0],
    [['web.pem', '--use', 'client'], 1],
    [['limited.pem'], 0],
    [['limited.pem', '--use', 'client'], 1],
    [['ours.pem', '--use', 'client'], 0],
    [['old.pem'], 1],
    [['old.pem', '--use', 'server'], 0]
  ]
  for (const [[name = '', ...args], code] of expected) {
    t.match(await forecast('--cert', file(name), '--at', AT, ...args), { code, err: '' }, [name, ...args].join(' '))
  }
})

test('what ended, what lacks clientAuth and what is for servers alone are told apart', async (t) => {
  const file = folder(t, {
    'orders.pem': orders.chain, 'web.pem': web.chain, 'limited.pem': limited.chain, 'old.pem': billing.chain
  })
  const ended = await forecast('--cert', file('old.pem'), '--at', '2027-02-01T00:00:00Z', '--use', 'client')
  t.match(
    ended, { code: 1, out: /^EXPIRED {2}expired 2027-01-01 {2}client {2}CN=billing.*[^]*from a private CA now \(/ }
  )
  const lacks = await forecast('--cert', file('limited.pem'), '--at', AT, '--use', 'client')
  t.match(lacks.out, /^LACKS {2}already {2}client {2}CN=limited /)
  t.match(
    lacks.out, /\n {4}it has no clientAuth: CN=YR1,O=Let's Encrypt .* does not allow it; it expires on 2027-01-30\n/
  )
  const unknown = await forecast('--cert', file('web.pem'), '--at', AT)
  t.match(unknown.out, /^ {2}already {2}unknown.*[^]*\n {4}it has no clientAuth; it expires on 2027-01-30\n/)
  t.match(unknown.out, /to do: Nothing, unless a client presents it.*\nNothing to do within 90 days/)
  const server = await forecast('--cert', file('orders.pem'), '--at', AT, '--use', 'server')
  t.match(server.out, /to do: Nothing, if only a server uses it\.\nNothing to do/)
})

test('a certificate without its chain is known by its issuer name alone, and --ca makes it sure', async (t) => {
  const subject = [{ type: 'O', value: 'DigiCert Inc' }, { type: 'CN', value: 'Private' }]
  const alike = await createDevCa({ subject, days: 900 })
  const leaf = await alike.issue({ cn: 'leaf', ...period })
  const file = folder(t, {
    'leaf.pem': leaf.cert, 'ca.pem': alike.certificate, 'billing.pem': billing.cert, 'r11.pem': r11.certificate
  })
  const alone = await forecast('--cert', file('leaf.pem'), '--at', AT, '--within', '200d')
  t.match(alone, { code: 1, out: 'from DigiCert, a public CA (by its issuer name only)\n' })
  t.match(alone.out, '\nIf an issuer is known only by its name, give its chain in --cert or its CA in --ca to be su')
  const sure = await forecast('--cert', file('leaf.pem'), '--ca', file('ca.pem'), '--at', AT)
  t.equal(sure.code, 0)
  t.match(sure.out, /CN=leaf .*: not affected, from a private CA \(by its signatures\)\n/)
  t.match(sure.out, /authority {2}CN=Private,O=DigiCert Inc .*: not affected, from a private CA \(by its sign/)
  const signed = await forecast('--cert', file('billing.pem'), '--ca', file('r11.pem'), '--at', AT)
  t.match(signed.out, /CN=billing .*\n {4}from Let's Encrypt, a public CA \(by its signatures\)/)
  t.notMatch(signed.out, /by its name alone/)
})

test('public CAs among authorities are found', async (t) => {
  const file = folder(t, {
    'ca.pem': own.certificate + isrg.certificate + digicert.certificate,
    'y.pem': generationY.certificate,
    'leaf.pem': ours.cert,
    'some.pem': someTrust.certificate
  })
  const { code, out } = await forecast('--ca', file('ca.pem'), '--at', AT)
  t.equal(code, 1)
  t.match(out, /^LOSES {2}from 2026-05-13 {2}authority {2}CN=ISRG Root,O=Internet Security .*ca\.pem, 2 of 3\)\n/)
  t.match(out, '\n    it allows clientAuth; it expires on 2035-01-01\n    last day for clientAuth of Let\'s Encrypt')
  t.match(out, 'to do: Trust a private CA for its clients: they are refused after their next renewal.\n')
  t.match(out, /\n {7}from 2027-03-01 {2}authority {2}CN=DigiCert TLS,O=DigiCert Inc /, 'later than ninety days')
  t.match(out, 'they are refused after their next renewal from 2027-03-01 on.\n')
  t.match(out, /authority {2}CN=Example CA,O=Example .*1 of 3\): not affected/)
  const y = await forecast('--ca', file('y.pem'), '--at', AT)
  t.match(y, { code: 1, out: /^LACKS {2}already {2}authority {2}CN=YR1/ })
  t.match(y.out, 'to do: Trust a private CA for its clients: they are refused.\n')
  t.match(await forecast('--ca', file('some.pem'), '--at', AT), { code: 0, out: /from 2027-03-15 {2}authority/ })
  const { err } = await forecast('--ca', file('leaf.pem'))
  t.match(
    err, /--ca .*leaf\.pem: found CN=ours .*, which is not a CA; expected CA certificates \(--cert accepts others\)/
  )
})

test('a bundle of leaves has a row for each, and --json has all that is known', async (t) => {
  const file = folder(t, { 'all.pem': orders.cert + web.cert + digicert.certificate })
  const args = ['--cert', file('all.pem'), '--use', 'client', '--at', AT, '--within', '10d', '--json']
  const { code, out } = await forecast(...args)
  t.equal(code, 1)
  const { forecasts, ...rest } = JSON.parse(out)
  t.same(rest, { at: AT, withinDays: 10, needsAction: true, unreadable: [], audit: { files: [], leftOut: 0 } })
  t.match(forecasts, [{ name: /^CN=web /, state: 'lacks', needsAction: true }, { name: /^CN=orders / }])
  t.match(forecasts[0], { where: /, 2 of 2$/, evidence: 'issuer_name', clientAuth: false, lackedBy: /^CN=web / })
  const { name, where, fingerprint256, advice, ...orderly } = forecasts[1]
  t.same(orderly, {
    state: 'loses',
    needsAction: false,
    source: 'cert',
    use: 'client',
    issuer: 'CN=DigiCert TLS,O=DigiCert Inc',
    serialNumber: orders.serialNumber,
    origin: 'public',
    evidence: 'signature',
    operator: 'DigiCert',
    clientAuth: true,
    notAfter: '2027-04-30T00:00:00Z',
    losesClientAuth: '2027-03-01',
    losesBasis: 'stop',
    renewal: '2027-02-08',
    nextRenewal: 'client_auth_possible',
    stop: { stopsOn: '2027-03-01', source: 'announcement of DigiCert', lastDay: '2027-02-28' }
  })
  t.match(fingerprint256, /^[0-9a-f]{64}$/)
  t.match(advice, /before 2027-03-01 .*\. To accept such clients until then, set serverAuthOnly/)
})

test('a server is asked for its certificate', async (t) => {
  const server = await r11.issue({ dns: 'localhost', days: 30 })
  const at = await listen(t, createServer({ key: server.key, cert: server.chain }))
  const { code, out } = await forecast('--url', `https://${at}/`)
  t.equal(code, 0)
  t.match(out, /server {2}.*\(127\.0\.0\.1:\d+\)\n {4}from Let's Encrypt, a public CA \(by its signatures\)\n/)
  t.match(out, 'to do: Nothing, if only a server uses it.\n')
  t.match(await forecast('--url', at, '--use', 'client'), { code: 1, out: /^LOSES .* client / })
})

test('a server that cannot be read is told, and the rest is listed nevertheless', async (t) => {
  const server = await r11.issue({ dns: 'localhost', days: 30 })
  const at = await listen(t, createServer({ key: server.key, cert: server.chain }))
  const broken = await r11.issue({ dns: 'localhost', extensions: [SERVER_ONLY, SERVER_ONLY] })
  const wrong = await listen(t, createServer({ key: broken.key, cert: broken.chain }))
  const closed = createServer()
  const nobody = await listen(t, closed)
  await new Promise((resolve) => { closed.close(resolve) })
  const urls = [wrong, nobody, at].flatMap((url) => ['--url', url])
  const text = await forecast(...urls, '--timeout', '60s')
  t.equal(text.code, 2)
  t.match(text.out, `\nUNREADABLE  ${nobody}: no server listens on this port`)
  const { code, out } = await forecast(...urls, '--json')
  t.equal(code, 2)
  const found = JSON.parse(out)
  t.match(found.unreadable, [{ where: wrong, error: /2\.5\.29\.37/ }, { where: nobody, error: /no server listens/ }])
  t.match(found.forecasts, [{ where: at, use: 'server', state: 'loses', needsAction: false }])
})

test('the command itself knows the roots of Node', async (t) => {
  const file = folder(t, { 'root.pem': rootCertificates[0] ?? '', 'ours.pem': ours.chain })
  const args = ['--ca', file('root.pem'), '--cert', file('ours.pem'), '--at', '2026-01-01']
  const { code, out, err } = await peerkit('forecast', ...args)
  t.same([code, err], [0, ''])
  t.match(out, 'a public CA (by its signatures)\n')
  t.match(out, /CN=ours .*not affected, from a private CA \(its issuer is not known as public\)/)
  t.match(await peerkit('forecast', '--help'), { code: 0, out: /--audit VALUE/ })
})

test('a wrong command line ends with 2 and lists nothing', async (t) => {
  const broken = '-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n'
  const file = folder(t, { 'ca.pem': own.certificate, 'ours.pem': ours.cert, 'bad.pem': ours.cert + broken })
  const wrong: ReadonlyArray<readonly [readonly string[], RegExp]> = [
    [[], /found nothing to forecast; expected --cert, --ca, --audit or --url/],
    [['--cert', 'nowhere.pem'], /--cert nowhere\.pem: found no such file; expected a certificate, PEM or DER/],
    [['--ca', 'nowhere.pem'], /--ca nowhere\.pem: found no such file; expected CA certificates/],
    [['--cert', file('ca.pem')], /--cert .*ca\.pem: found only CA certificates; expected one of a client/],
    [['--cert', file('bad.pem')], /--cert .*bad\.pem: .* in certificate 2 of 2; expected readable certificates/],
    [['--cert', file('ours.pem'), '--use', 'peer'], /--use is "peer"; expected client or server/],
    [['--cert', file('ours.pem'), '--within', '7'], /--within is "7"; expected a duration/],
    [['--cert', file('ours.pem'), '--at', 'soon'], /--at is "soon"; expected a date/],
    [['--cert', file('ours.pem'), '--at', AT, '--at', AT], /found --at 2 times/],
    [['--url', 'ftp://x'], /found "ftp:\/\/x"; expected https:/],
    [['--url', 'a:1', '--timeout', '11m'], /--timeout is "11m"; expected at most 10m/]
  ]
  for (const [args, message] of wrong) {
    const { code, out, err } = await peerkitHere('forecast', ...args)
    t.same([code, out], [2, ''], args.join(' '))
    t.match(err, message)
  }
})
