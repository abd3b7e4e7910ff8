import { symlinkSync } from 'node:fs'
import { createServer } from 'node:net'
import { createServer as createTls } from 'node:tls'
import { test } from 'tap'
import { createDevCa } from '@peerkit/dev-ca'
import { folder } from './support/folder.ts'
import { peerkit, peerkitHere } from './support/peerkit.ts'
import { listen } from './support/servers.ts'

const DAY = 86_400_000
const ca = await createDevCa({ days: 100 })
const fromNow = (days: number): Date => new Date(Date.now() + days * DAY)
const soon = await ca.issue({ cn: 'soon', days: 3 })
const late = await ca.issue({ cn: 'late', days: 60 })
const gone = await ca.issue({ cn: 'gone', notBefore: fromNow(-9), notAfter: fromNow(-2) })
const future = await ca.issue({ cn: 'future', notBefore: fromNow(2), notAfter: fromNow(70) })

test('the exit code says whether something ends within the time, and the list is in the order ' +
  'of the ends', async (t) => {
  const file = folder(t, {
    'late.pem': late.cert, 'soon.pem': soon.chain, 'gone.pem': gone.cert, 'future.pem': future.cert, 'ca.pem': ca.root
  })
  const good = await peerkit('expiry', file('late.pem'), file('ca.pem'), '--within', '7d')
  t.same([good.code, good.err], [0, ''])
  t.match(
    good.out,
    /^ +\d{4}-[-0-9T:]+Z {2}expires in (59|60) days +certificate {2}CN=late .*late\.pem\)\n +.*expires in (99|100) days +CA /
  )
  t.match(await peerkit('expiry', file('late.pem'), file('soon.pem'), '--within', '2d'), { code: 0 })
  t.match(
    await peerkit('expiry', file('late.pem'), file('soon.pem'), '--within', '4d'),
    { code: 1, out: /^EXPIRES .*CN=soon .*\n +.*CN=late/ }
  )
  t.match(
    await peerkit('expiry', file('gone.pem'), file('late.pem'), '--within', '1s'),
    { code: 1, out: /^EXPIRED .*expired [12] days? ago.*CN=gone/ }
  )
  t.match(
    await peerkit('expiry', file('future.pem'), '--within', '1s'),
    { code: 1, out: /^NOT YET .*becomes valid in 1 day.*CN=future/ }
  )
  t.match(await peerkit('expiry', file('soon.pem')), { code: 1 }, 'thirty days unless told otherwise')
})

test('what cannot be read is listed, and beats what ends', async (t) => {
  const closed = createServer()
  const nobody = await listen(t, closed)
  await new Promise((resolve) => { closed.close(resolve) })
  const file = folder(t, {
    'soon.pem': soon.cert,
    'broken.pem': '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n',
    'a.key': soon.key
  })
  const { code, out } = await peerkit('expiry', file('soon.pem'), file('broken.pem'), file('a.key'), nobody)
  t.equal(code, 2)
  t.match(out, /^UNREADABLE .*broken\.pem\)$/m)
  t.match(out, /^UNREADABLE .*found a private key, which is not shown.*a\.key\)$/m)
  t.match(out, /^UNREADABLE .*no server listens on this port.*127\.0\.0\.1/m)
  t.match(out, /^EXPIRES .*CN=soon/m)
  t.notMatch(out, /BEGIN/)
})

test('a folder is read with all below it; keys, other files and what Kubernetes hides are passed over', async (t) => {
  const file = folder(t, {
    'mount/..2026_11_23/tls.crt': late.chain,
    'mount/..2026_11_23/tls.key': late.key,
    'deep/er/bundle.pem': ca.root + late.cert,
    'deep/key.pem': late.key,
    'deep/readme.txt': 'x',
    'deep/chain.pem': ''
  })
  symlinkSync('..2026_11_23', file('mount/..data'))
  symlinkSync('..data/tls.crt', file('mount/tls.crt'))
  symlinkSync('..', file('deep/er/up'))
  const { code, out } = await peerkit('expiry', file('.'), '--within', '1d')
  t.equal(code, 0)
  t.same(
    out.trim().split('\n').map((line) => /\(([^()]*)\)$/.exec(line)?.[1]?.replace(file('.'), '')).sort(),
    ['/deep/er/bundle.pem, 1 of 2', '/deep/er/bundle.pem, 2 of 2', '/mount/tls.crt']
  )
  symlinkSync('..data/ca.crt', file('mount/ca.crt'))
  t.match(await peerkit('expiry', file('mount')), { code: 2, out: /broken link/ })
  const empty = folder(t, { 'a.txt': '' })
  t.match(await peerkit('expiry', empty('.')), { code: 0, out: 'No certificate and no CRL found' })
})

test('CRLs, PEM and DER, end with their nextUpdate', async (t) => {
  const two = await ca.crl({ nextUpdate: fromNow(2) })
  const endless = await ca.crl({ nextUpdate: null })
  const file = folder(t, {
    'a.crl': two.der,
    'b.pem': two.pem,
    'mixed.pem': ca.root + two.pem,
    'endless.crl': endless.pem,
    'junk.crl': '-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n'
  })
  for (const name of ['a.crl', 'b.pem']) {
    t.match(
      await peerkit('expiry', file(name), '--within', '3d'),
      { code: 1, out: /^EXPIRES .*CRL .*CN=Peerkit development CA/ }
    )
  }
  const mixed = JSON.parse((await peerkit('expiry', file('mixed.pem'), '--within', '1d', '--json')).out)
  t.match(mixed, [{ kind: 'CRL', state: 'good' }, { kind: 'CA', state: 'good', notAfter: /Z$/ }])
  t.match(await peerkit('expiry', file('endless.crl')), { code: 2, out: /has no nextUpdate/ })
  t.match(await peerkit('expiry', file('junk.crl')), { code: 2, out: /UNREADABLE/ })
})

test('a server shows its whole chain, also one that refuses us', async (t) => {
  const middle = await ca.intermediate({ days: 5 })
  const leaf = await middle.issue({ dns: 'localhost', days: 90 })
  const at = await listen(t, createTls({
    key: leaf.key, cert: leaf.chain, ca: ca.root, requestCert: true, rejectUnauthorized: true, maxVersion: 'TLSv1.2'
  }))
  const { code, out } = await peerkit('expiry', at, '--within', '6d', '--json')
  t.equal(code, 1)
  t.match(
    JSON.parse(out),
    [{ state: 'ending', kind: 'CA', where: `${at}, 2 of 2` }, { state: 'good', kind: 'server', where: `${at}, 1 of 2` }]
  )
})

test('a wrong command line ends with 2 and lists nothing', async (t) => {
  const wrong: ReadonlyArray<readonly [readonly string[], RegExp]> = [
    [[], /TARGET … is missing/],
    [['nowhere.pem'], /found "nowhere\.pem", which does not exist; expected a file, a folder or host:port/],
    [['a:1', '--within', '7'], /--within is "7"; expected a duration such as 90s, 30m, 12h, 7d or 2w/],
    [['a:1', '--within', '-1d'], /--within/],
    [['a:1', '--withn', '7d'], /unknown option --withn for peerkit expiry; did you mean --within\?/]
  ]
  for (const [args, message] of wrong) {
    const { code, out, err } = await peerkitHere('expiry', ...args)
    t.same([code, out], [2, ''], args.join(' '))
    t.match(err, message)
  }
})
