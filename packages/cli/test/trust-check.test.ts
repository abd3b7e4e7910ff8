import { mkdirSync } from 'node:fs'
import { encodePem, endOfValidity, parsePeerIdentity } from '@peerkit/identity'
import { test } from 'tap'
import type { Test } from 'tap'
import { createDevCa } from '@peerkit/dev-ca'
import { folder } from './support/folder.ts'
import { peerkit, peerkitHere } from './support/peerkit.ts'
import type { Run } from './support/peerkit.ts'

const DAY = 86_400_000
const fromNow = (days: number): Date => new Date(Date.now() + days * DAY)
const root = await createDevCa({ name: 'Root', days: 100 })
const middle = await root.intermediate({ name: 'Middle', days: 50 })
const client = await middle.issue({ profile: 'client', cn: 'orders', days: 7 })
const server = await middle.issue({ profile: 'server', dns: 'localhost', days: 7 })
const revoked = await middle.issue({ profile: 'client', cn: 'lost' })
middle.revoke(revoked, { reason: 'keyCompromise' })
const stranger = await createDevCa({ name: 'Stranger' })
const gone = await root.intermediate({ name: 'Gone' })
root.revoke(gone, { reason: 'cACompromise' })
const broken = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'

/** A root on P-224, which no CA of this package makes. Valid until 2126. */
const weak = `-----BEGIN CERTIFICATE-----
MIIBdDCCASKgAwIBAgIUQqhZ9DzZAUNPoO1rV1ekbl3ENCAwCgYIKoZIzj0EAwIw
EDEOMAwGA1UEAwwFU21hbGwwIBcNMjYxMTI4MTMwMzExWhgPMjEyNjExMDQxMzAz
MTFaMBAxDjAMBgNVBAMMBVNtYWxsME4wEAYHKoZIzj0CAQYFK4EEACEDOgAEw3WZ
qGq/CQ2JKYGbuA4aNWhw52D9lqhNzZuPZHdsBSu98UX4zfCQY1SMXTGvFy0eafvW
LVR6yD6jYzBhMB0GA1UdDgQWBBSquN/K9DTyBEwuagjJINEeY+rHzjAfBgNVHSME
GDAWgBSquN/K9DTyBEwuagjJINEeY+rHzjAPBgNVHRMBAf8EBTADAQH/MA4GA1Ud
DwEB/wQEAwIBBjAKBggqhkjOPQQDAgNAADA9Ah0A8FlTbYTLYHoNrnz4SmHOm0I6
CWLzsIc1/SyKzAIcG8JS27F+zMM4rwIxnAbPurT7MhnojcH4HFGUMg==
-----END CERTIFICATE-----
`

const FILES = {
  'client.pem': client.chain,
  'client.der': client.der,
  'leaf.pem': client.cert,
  'server.pem': server.chain,
  'revoked.pem': revoked.chain,
  'stranger.pem': (await stranger.issue({ cn: 'nobody' })).chain,
  'twin.pem': (await (await createDevCa({ name: 'Root' })).issue({ cn: 'twin' })).chain,
  'root.pem': root.root,
  'middle.pem': middle.certificate,
  'other.pem': stranger.root,
  'two.pem': root.root + broken,
  'broken.pem': broken,
  'weak.pem': weak,
  'hollow.pem': broken.replace('AAAA', 'MAA='),
  'cut.der': client.der.subarray(0, -10),
  'cut.pem': client.cert + encodePem(middle.der.subarray(0, 200)),
  'gone.pem': (await gone.issue({ profile: 'client', cn: 'orphan' })).chain,
  'gone-ca.pem': gone.certificate,
  'gone.crl': (await gone.crl()).pem,
  'key.pem': client.key,
  'root.crl': (await root.crl()).pem,
  'middle.crl': (await middle.crl()).der,
  'old.crl': (await middle.crl({ thisUpdate: fromNow(-9), nextUpdate: fromNow(-1) })).pem,
  'other.crl': (await stranger.crl()).pem,
  'junk.crl': 'junk'
}

/** Runs `trust check`, the words that name a file of the folder replaced by its path. */
function check (t: Test): { file: (name: string) => string, run: (...args: readonly string[]) => Promise<Run> } {
  const file = folder(t, FILES)
  const pathOf = (arg: string): string => Object.hasOwn(FILES, arg) ? file(arg) : arg
  const run = (...args: readonly string[]): Promise<Run> => peerkitHere('trust', 'check', ...args.map(pathOf))
  return { file, run }
}

test('prints an accepted path certificate by certificate, each with its end', async (t) => {
  const { file, run } = check(t)
  const { code, out, err } = await run('--chain', 'client.pem', '--ca', 'root.pem')
  t.same([code, err], [0, ''])
  const date = '\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ'
  t.match(out, new RegExp(`client\\.pem: accepted as a client at ${date}\n`))
  t.match(out, new RegExp(` {2}1 {2}CN=orders [^]*serial number +${client.serialNumber}\n`))
  t.match(out, new RegExp(`valid until +${date}: expires in [67] days\n`))
  t.match(out, / {2}2 {2}CN=Middle[^]*expires in (49|50) days\n {2}3 {2}CN=Root[^]*expires in (99|100) days\n/)
  t.match(out, `trusted by     --ca ${file('root.pem')}\n`)
  t.match(out, new RegExp(`expires +${date}\n +revocation +not checked: no --crl\n$`))
})

test('says the same as JSON', async (t) => {
  const { file, run } = check(t)
  const { code, out } = await run('--chain', 'client.pem', '--ca', 'root.pem', '--json')
  t.equal(code, 0)
  const { path, ...answer } = JSON.parse(out)
  t.same(answer.revocation, { checked: false, crl: [] })
  t.match(answer, { purpose: 'client', accepted: true, at: /Z$/, notAfter: path[0].notAfter })
  t.match(path, [
    { subject: 'CN=orders', serialNumber: client.serialNumber, isAnchor: false },
    { subject: /^CN=Middle/, isAnchor: false },
    { subject: /^CN=Root/, fingerprint256: /^[0-9a-f]{64}$/, isAnchor: true }
  ])
  const lists = ['--crl', 'root.crl', '--crl', 'middle.crl', '--intermediates', 'middle.pem']
  const checked = await run('--chain', 'client.pem', '--ca', 'root.pem', ...lists, '--json')
  t.same(JSON.parse(checked.out).revocation, { checked: true, crl: [file('root.crl'), file('middle.crl')] })
  const refused = await run('--chain', 'leaf.pem', '--ca', 'root.pem', '--json')
  t.equal(refused.code, 1)
  t.match(JSON.parse(refused.out), {
    accepted: false,
    reason: 'unknown_ca',
    step: 'unknown_ca',
    message: /CN=Middle.* was not sent/,
    certificate: { subject: 'CN=orders', serialNumber: client.serialNumber, fingerprint256: /^[0-9a-f]{64}$/ },
    remedy: /--intermediates/
  })
})

test('a refusal names the step, the certificate and what to do', async (t) => {
  const { run } = check(t)
  const { code, out, err } = await run('--chain', 'server.pem', '--ca', 'root.pem')
  t.same([code, err], [1, ''])
  t.match(out, /server\.pem: refused \(wrong_purpose\) as a client at /)
  t.match(out, /step +wrong_purpose\n +found +.*does not allow clientAuth by its extendedKeyUsage/)
  t.match(out, new RegExp(`certificate +without a readable subject\n +serial number +${server.serialNumber}\n`))
  t.match(out, /SHA-256 +[0-9a-f]{64}\n +what to do +Issue /)
})

test('every option has its part in the answer', async (t) => {
  const { run } = check(t)
  const later = (days: number): string => fromNow(days).toISOString()
  const leaf = ['--chain', 'client.pem', '--ca', 'root.pem']
  const both = ['--crl', 'root.crl', '--crl', 'middle.crl', '--intermediates', 'middle.pem']
  const expected: ReadonlyArray<readonly [args: readonly string[], code: number, out: RegExp]> = [
    [['--chain', 'server.pem', '--ca', 'root.pem', '--purpose', 'server'], 0, /accepted as a server/],
    [['--chain', 'server.pem', '--ca', 'root.pem', '--purpose', 'any'], 0, /accepted for any purpose/],
    [['--chain', 'leaf.pem', '--ca', 'root.pem', '--intermediates', 'middle.pem'], 0, /3 {2}CN=Root/],
    [['--chain', 'client.der', '--ca', 'root.pem', '--intermediates', 'middle.pem'], 0, /accepted/],
    [[...leaf, ...both], 0, /revocation +none is revoked, by --crl .*root\.crl, --crl .*middle\.crl\n/],
    [['--chain', 'revoked.pem', '--ca', 'root.pem', ...both], 1, /\(revoked\)[^]*certificate +CN=lost\n[^]*new key/],
    [[...leaf, '--crl', 'root.crl'], 1, /step +revocation_unknown \(no_crl\)\n +found +CN=orders.*no CRL of CN=Middle/],
    [
      [...leaf, '--crl', 'root.crl', '--crl', 'old.crl', '--intermediates', 'middle.pem'], 1,
      /step +revocation_unknown \(crl_expired\)/
    ],
    [[...leaf, '--at', later(8)], 1, /step +expired\n +found +CN=orders/],
    [[...leaf, '--at', later(-8)], 1, /not_yet_valid/],
    [['--chain', 'stranger.pem', '--ca', 'root.pem'], 1, /\(unknown_ca\)/],
    [['--chain', 'twin.pem', '--ca', 'root.pem'], 1, /step +signature_invalid\n[^]*different keys/],
    [['--chain', 'root.pem', '--ca', 'root.pem'], 1, /\(ca_as_leaf\)/],
    [['--chain', 'hollow.pem', '--ca', 'root.pem'], 1, /\(unreadable\)[^]*certificate +without a readable subject/]
  ]
  for (const [args, code, out] of expected) t.match(await run(...args), { code, out, err: '' }, args.join(' '))
})

test('all files of --ca and of --intermediates count, in any order', async (t) => {
  const { file, run } = check(t)
  for (const cas of [['other.pem', 'root.pem'], ['root.pem', 'other.pem']]) {
    const args = cas.flatMap((ca) => ['--ca', ca])
    const { code, out } = await run('--chain', 'client.pem', ...args)
    t.equal(code, 0)
    t.match(out, `trusted by     --ca ${file('root.pem')}\n`)
  }
  for (const known of [['gone-ca.pem', 'middle.pem'], ['middle.pem', 'gone-ca.pem']]) {
    const args = known.flatMap((path) => ['--intermediates', path])
    t.match(await run('--chain', 'leaf.pem', '--ca', 'root.pem', ...args), { code: 0, err: '' })
  }
})

test('the remedies of revocation are those that help', async (t) => {
  const { run } = check(t)
  const lists = ['--crl', 'root.crl', '--crl', 'gone.crl', '--intermediates', 'gone-ca.pem']
  const ca = /Issue a new certificate from another CA: all certificates of this one are refused\./
  const refused = await run('--chain', 'gone.pem', '--ca', 'root.pem', ...lists)
  t.match(refused, { code: 1, out: /\(revoked\)[^]*certificate +CN=Gone/ })
  t.match(refused.out, ca)
  const data = await run('--chain', 'gone.pem', '--ca', 'root.pem', ...lists, '--json')
  t.match(JSON.parse(data.out), { reason: 'revoked', remedy: ca })
  const missing = await run('--chain', 'client.pem', '--ca', 'root.pem', '--crl', 'root.crl')
  t.match(missing.out, /in --crl\. If that CA is an intermediate, also give its certificate in --intermediates\./)
})

test('the second that notAfter names is the last in which a certificate is valid', async (t) => {
  const { run } = check(t)
  const end = endOfValidity(parsePeerIdentity(client.der))
  const leaf = ['--chain', 'client.pem', '--ca', 'root.pem']
  const at = (time: number): Promise<Run> => run(...leaf, '--at', new Date(time).toISOString())
  t.match(await at(end - 1), { code: 0, out: /expires in 0 seconds/ })
  t.match(await at(end), { code: 1, out: /step +expired/ })
})

test('a wrong command line or file ends with 2 and is named', async (t) => {
  const { file, run } = check(t)
  mkdirSync(file('folder'))
  const leaf = ['--chain', 'client.pem', '--ca', 'root.pem']
  const wrong: ReadonlyArray<readonly [args: readonly string[], message: RegExp]> = [
    [[], /--chain is missing; peerkit trust check requires it/],
    [['--chain', 'client.pem'], /--ca is missing/],
    [['--chian', 'client.pem'], /unknown option --chian for peerkit trust check; did you mean --chain\?/],
    [
      ['--chain', 'nowhere.pem', '--ca', 'root.pem'],
      /--chain nowhere\.pem: found no such file; expected a PEM or DER file with a certificate/
    ],
    [
      ['--chain', 'key.pem', '--ca', 'root.pem'],
      /--chain .*key\.pem: found a private key, which is not shown; expected a certificate/
    ],
    [
      ['--chain', 'client.pem', '--ca', 'root.crl'], /--ca .*root\.crl: found PEM of a X509 CRL; expected a certificate/
    ],
    [
      ['--chain', 'client.pem', '--ca', 'two.pem'],
      /--ca .*two\.pem: found .* in certificate 2 of 2; expected a CA certificate/
    ],
    [
      [...leaf, '--intermediates', 'broken.pem'],
      /--intermediates .*broken\.pem: found .* in certificate 1 of 1; expected a CA certificate/
    ],
    [[...leaf, '--crl', 'none.crl'], /--crl none\.crl: found no such file; expected a PEM or DER file of a CRL/],
    [
      [...leaf, '--crl', 'root.crl', '--crl', 'junk.crl'],
      /--crl .*junk\.crl: .*neither DER nor PEM with the label X509 CRL: found no PEM; expected a CRL of a CA/
    ],
    [
      [...leaf, '--crl', 'other.crl'],
      /--crl .*other\.crl: found a CRL of CN=Stranger.*; expected a CRL of a CA in --ca or --intermediates/
    ],
    [
      [...leaf, '--crl', 'root.crl', '--crl', 'middle.crl'],
      /middle\.crl: found a CRL of CN=Middle.*certificate of an intermediate CA in --intermediates/
    ],
    [[...leaf, '--chain', 'leaf.pem'], /found --chain 2 times; peerkit trust check accepts it once/],
    [[...leaf, '--purpose=any', '--purpose', 'client'], /found --purpose 2 times/],
    [
      [...leaf, '--ca', 'leaf.pem'],
      /--ca .*leaf\.pem: found CN=orders.*which is not a CA certificate, in certificate 1 of 1; expected only CA certificates/
    ],
    [
      [...leaf, '--ca', 'weak.pem'],
      /--ca .*found a key of CN=Small.* on secp224r1 in certificate 1 of 1; expected EC of 256 bits/
    ],
    [
      [...leaf, '--intermediates', 'client.pem'],
      /--intermediates .*found CN=orders.*not a CA certificate, in certificate 1 of 2/
    ],
    [
      [...leaf, '--intermediates', 'root.pem'],
      /--intermediates .*found the root CN=Root.*; expected only intermediate CA certificates \(roots belong in --ca\)/
    ],
    [
      [...leaf, '--intermediates', 'nowhere.pem'],
      /--intermediates nowhere\.pem: found no such file; expected a PEM or DER file of CA certificates/
    ],
    [[...leaf, '--ca', file('folder')], /--ca .*folder: found a folder; expected a PEM or DER file/],
    [['--chain', file('folder'), '--ca', 'root.pem'], /--chain .*folder: found a folder; expected a PEM or DER file/],
    [[...leaf, '--crl', file('folder')], /--crl .*folder: found a folder; expected a PEM or DER file/],
    [
      ['--chain', 'cut.der', '--ca', 'root.pem'],
      /--chain .*cut\.der: found damaged or truncated DER in certificate 1 of 1/
    ],
    [
      ['--chain', 'cut.pem', '--ca', 'root.pem'],
      /--chain .*cut\.pem: found damaged or truncated DER in certificate 2 of 2/
    ],
    [['--chain', 'broken.pem', '--ca', 'root.pem'], /--chain .*broken\.pem: found damaged or truncated DER/],
    [[...leaf, '--purpose', 'clients'], /--purpose is "clients"; expected client, server or any/],
    [[...leaf, '--at', 'noon'], /--at is "noon"; expected a date such as/]
  ]
  for (const [args, message] of wrong) {
    const { code, out, err } = await run(...args)
    t.same([code, out], [2, ''], args.join(' '))
    t.match(err, message)
    t.notMatch(err, /BEGIN/)
  }
})

test('the program itself knows it, and says how it is used', async (t) => {
  const file = folder(t, FILES)
  t.match(
    await peerkit('trust', 'check', '--chain', file('client.pem'), '--ca', file('root.pem')),
    { code: 0, out: /accepted/, err: '' }
  )
  t.match(
    await peerkitHere('trust', 'check', '--help'),
    { code: 0, out: /peerkit trust check: [^]*--chain VALUE +.*\(required\)[^]*Exit code: 0 accepted; 1 refused; 2/ }
  )
  const { out } = await peerkitHere('trust', 'check', '--help')
  t.match(
    out, /--chain VALUE .*\(once\)[^]*--ca VALUE .*\(any number\)[^]*--intermediates VALUE .*\(any number; no roots\)/
  )
  t.match(out, /--intermediates middle\.pem --crl root\.crl --crl middle\.crl\n/)
  t.match(await peerkitHere('trust', 'chekc'), { code: 2, err: /did you mean "trust check"/ })
})
