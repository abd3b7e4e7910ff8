import { X509Certificate } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { decodePem, parsePeerIdentity } from '@peerkit/identity'
import { parseCrl } from '@peerkit/revocation'
import { test } from 'tap'
import type { Test } from 'tap'
import { runPeerkit } from '../src/run-peerkit.ts'

interface Run { readonly code: number, readonly out: string, readonly err: string }

async function peerkit (...args: string[]): Promise<Run> {
  let out = ''
  let err = ''
  const code = await runPeerkit(args, { out: (text) => { out += text }, err: (text) => { err += text } })
  return { code, out, err }
}

/** A folder with a CA in `pki`, and runs with `--dir` set to it. */
async function withCa (t: Test): Promise<{
  file: (name: string) => string
  read: (name: string) => string
  run: (command: string, ...args: string[]) => Promise<Run>
}> {
  const folder = t.testdir()
  const file = (name: string): string => join(folder, name)
  const run = (command: string, ...args: string[]): Promise<Run> =>
    peerkit(...command.split(' '), '--dir', file('pki'), ...args)
  const { code, out } = await run('ca init')
  t.equal(code, 0)
  t.match(out, /created a CA for development: .*No trust store was changed/)
  for (const name of readdirSync(file('pki'))) t.ok(out.includes(`${file('pki')}/${name}`), `names ${name}`)
  return { file, run, read: (name) => readFileSync(file(name), 'utf8') }
}

test('no command, help and --help list the commands', async (t) => {
  for (const args of [[], ['help'], ['--help'], ['-h']]) {
    const { code, out, err } = await peerkit(...args)
    t.equal(code, 0)
    t.match(out, /usage: peerkit COMMAND/)
    for (const name of ['ca init', 'ca intermediate', 'cert issue', 'cert revoke', 'crl', 'explain']) {
      t.match(out, `  ${name} `)
    }
    t.equal(err, '')
  }
})

test('each command describes its options with --help and does nothing', async (t) => {
  for (const name of ['ca init', 'ca intermediate', 'cert issue', 'cert revoke', 'crl', 'explain']) {
    const words = name.split(' ')
    const { code, out } = await peerkit(...words, '--help')
    t.equal(code, 0)
    t.match(out, `peerkit ${name}: `)
    t.match(out, /^ {2}--/m)
    t.match(out, /Exit code: 0 /)
    t.match(out, /--json/)
    for (const args of [[...words, '-h'], ['help', ...words]]) t.same(await peerkit(...args), { code, out, err: '' })
  }
  t.match((await peerkit('cert', 'issue', '--help')).out, /--out VALUE .*\(required\)/)
})

test('--version says the version, also as JSON', async (t) => {
  const { version } = JSON.parse(readFileSync(join(import.meta.dirname, '../package.json'), 'utf8'))
  for (const flag of ['--version', '-V', '-v']) t.same(await peerkit(flag), { code: 0, out: `${version}\n`, err: '' })
  const { out } = await peerkit('--version', '--json')
  t.same(JSON.parse(out), { version, node: process.versions.node })
  t.match(await peerkit('--version', 'x'), { code: 2, err: /unknown option --version; expected a command, --help or --version/ })
})

test('a group of commands lists them with --help, and says what is missing without', async (t) => {
  const { code, out } = await peerkit('cert', '--help')
  t.equal(code, 0)
  t.match(out, / {2}cert issue .*\n {2}cert revoke /)
  t.notMatch(out, 'ca init')
  t.match(await peerkit('cert'), { code: 2, out: '', err: /found "cert"; expected cert issue or cert revoke\nusage/ })
})

test('what follows -- is no option', async (t) => {
  t.match(await peerkit('inspect', '--', '-h'), { code: 2, err: /found "-h", which is not a file/ })
})

test('an unknown command ends with 2 and the nearest one', async (t) => {
  const near: ReadonlyArray<[string[], RegExp]> = [
    [['ca', 'intit'], /unknown command "ca intit"; did you mean "ca init"\?/],
    [['crt', 'issue', '--cn', 'x'], /"crt issue"; did you mean "cert issue"\?/],
    [['clr'], /did you mean "crl"/],
    [['frobnicate'], /unknown command "frobnicate"\n/],
    [['--verbose'], /unknown option --verbose; expected a command/],
  ]
  for (const [args, message] of near) {
    const { code, out, err } = await peerkit(...args)
    t.equal(code, 2)
    t.equal(out, '')
    t.match(err, message)
    t.match(err, /usage: peerkit/)
  }
})

test('a wrong command line ends with 2 and says what is wrong', async (t) => {
  const { file, run } = await withCa(t)
  const out = ['--out', file('x')]
  const wrong: ReadonlyArray<[string, string[], RegExp]> = [
    [
      'cert issue', [...out, '--porfile', 'client'],
      /unknown option --porfile for peerkit cert issue; did you mean --profile\?/
    ],
    ['cert issue', [...out, '--zebra=1'], /unknown option --zebra=1 for peerkit/],
    ['cert issue', [...out, '-x'], /unknown option -x/],
    ['cert issue', [], /--out is missing; peerkit cert issue requires it/],
    ['ca intermediate', [], /--out is missing/],
    ['cert issue', [...out, 'extra'], /extra/],
    ['cert issue', [...out, '--cn'], /--cn/],
    ['cert issue', [...out, '--cn', 'a', '--cn=b'], /found --cn 2 times; peerkit cert issue accepts it once/],
    ['cert issue', [...out, '--profile', 'peer'], /--profile is "peer"; expected server, client or both/],
    ['cert issue', [...out, '--key', 'dsa'], /key is "dsa"/],
    ['cert issue', [...out, '--days', 'many'], /--days is "many"; expected a number greater than 0/],
    ['cert issue', [...out, '--not-after', 'soon'], /--not-after is "soon"; expected a date such as/],
    ['cert issue', [...out, '--ip', 'localhost'], /ip is "localhost"/],
    ['cert revoke', [], /found none or both of --cert and --serial/],
    ['cert revoke', ['--serial', '01', '--cert', 'x'], /found none or both of --cert and --serial/],
    ['cert revoke', ['--serial', 'xyz'], /serial number is "xyz"/],
    ['cert revoke', ['--serial', '01', '--force', '--reason', 'bored'], /reason is "bored"/],
    ['cert revoke', ['--serial', '01'], /--serial is "01"; expected a number that the CA in .*pki has issued, --cert FILE, or --force/],
    ['cert issue', [...out, '--dns', '127.0.0.1'], /dns is "127\.0\.0\.1": found an IP address/],
    ['cert issue', [...out, '--dns', 'https://a.example'], /found a URL/],
    ['cert issue', [...out, '--dns', 'a,b'], /found a separator/],
    ['cert issue', [...out, '--spiffe', 'https://td/a'], /found no SPIFFE ID/],
    ['cert revoke', ['--cert', file('none.pem')], /--cert .*none\.pem: found no such file; expected a certificate, PEM or DER/],
    ['cert revoke', ['--cert', file('pki/ca.key')], /--cert .*ca\.key: found a private key, which is not shown; expected a certificate/],
    ['cert revoke', ['--cert', file('pki/ca.pem')], /certificate is that of the CA .* itself/],
    ['crl', ['--days', '0'], /--days is "0"/],
  ]
  for (const [command, args, message] of wrong) {
    const { code, err } = await run(command, ...args)
    t.equal(code, 2, `${command} ${args.join(' ')}`)
    t.match(err, message)
  }
  t.notOk(existsSync(file('x.pem')))
  t.notOk(existsSync(file('x.key')))
})

test('a CA is not replaced without --force, and a missing one is named', async (t) => {
  const { file, run, read } = await withCa(t)
  const before = read('pki/ca.pem')
  const again = await run('ca init', '--name', 'Other', '--key', 'ed25519', '--days', '2')
  t.equal(again.code, 1)
  t.match(again.err, /peerkit ca init: .*exists; use --force/)
  t.equal(read('pki/ca.pem'), before)
  t.equal((await run('ca init', '--force', '--name', 'Other', '--key', 'ed25519', '--days', '2')).code, 0)
  t.match(new X509Certificate(read('pki/ca.pem')).subject, /CN=Other/)
  const lost = await peerkit('crl', '--dir', file('lost'))
  t.equal(lost.code, 1)
  t.match(lost.err, /lost.*no such file; expected a CA/)
})

test('a certificate is issued as asked, its key for its owner alone', async (t) => {
  const { file, run, read } = await withCa(t)
  const { code, out } = await run('cert issue', '--out', file('new/web'), '--profile', 'server', '--cn', 'web', '--o',
    'a', '--o', 'b', '--ou', 'u', '--dns', 'a.example', '--dns', 'b.example',
    '--ip', '127.0.0.1', '--uri', 'https://a.example', '--spiffe', 'spiffe://td/a', '--email', 'a@example.com',
    '--key', 'rsa-2048', '--not-before', '2026-01-01T00:00:00Z', '--not-after', '2026-02-01T00:00:00Z')
  t.equal(code, 0)
  const peer = parsePeerIdentity(decodePem(read('new/web.pem'))[0] ?? new Uint8Array())
  t.match(out, `serial number ${peer.serialNumber ?? ''}; its root is ${file('pki/root.pem')}`)
  t.equal(String(peer.subject), 'CN=web,OU=u,O=b,O=a')
  t.match(peer.subjectAltNames, {
    dns: ['a.example', 'b.example'],
    ip: ['127.0.0.1'],
    uri: ['spiffe://td/a', 'https://a.example'],
    email: ['a@example.com']
  })
  t.same([peer.notBefore, peer.notAfter], [Date.UTC(2026, 0, 1), Date.UTC(2026, 1, 1)])
  t.same(peer.extendedKeyUsage, ['1.3.6.1.5.5.7.3.1'])
  t.equal(statSync(file('new/web.key')).mode & 0o777, 0o600)
  t.match(read('new/web.key'), /^-----BEGIN PRIVATE KEY-----/)
})

test('a server without a name that clients can check is warned of', async (t) => {
  const { file, run } = await withCa(t)
  const warning = 'no client will accept this server by its host name, because the certificate has no DNS name and no IP address; give --dns or --ip'
  t.match(await run('cert issue', '--out', file('bare'), '--profile', 'server', '--cn', 'ledger'), { code: 0, out: new RegExp(`root\\.pem\\nwarning: ${warning}\\n$`) })
  t.match(JSON.parse((await run('cert issue', '--out', file('json'), '--profile', 'server', '--spiffe', 'spiffe://a/b', '--json')).out), { warning })
  for (const [index, args] of [['--profile', 'server', '--dns', 'localhost'], ['--profile', 'server', '--ip', '127.0.0.1'], ['--profile', 'client'], []].entries()) {
    t.notMatch((await run('cert issue', '--out', file(`fine-${index}`), ...args)).out, /warning/)
  }
})

test('files that are there are not replaced without --force, neither of the two', async (t) => {
  const { file, run, read } = await withCa(t)
  writeFileSync(file('a.key'), 'mine')
  writeFileSync(file('b.pem'), 'mine')
  for (const name of ['a', 'b']) {
    t.match(await run('cert issue', '--out', file(name)), { code: 1, err: /exists; use --force/ })
  }
  t.same(
    [read('a.key'), read('b.pem'), existsSync(file('a.pem')), existsSync(file('b.key'))], ['mine', 'mine', false, false]
  )
  t.equal((await run('cert issue', '--out', file('a'), '--force', '--days', '1')).code, 0)
  t.match(read('a.key'), /PRIVATE KEY/)
})

test('an intermediate of its own folder issues chains', async (t) => {
  const { file, run, read } = await withCa(t)
  t.equal(
    (await run('ca intermediate', '--out', file('middle'), '--name', 'Middle', '--key', 'ec-p384', '--days', '3')).code,
    0
  )
  t.match(await run('ca intermediate', '--out', file('middle')), { code: 1, err: /exists/ })
  t.equal((await run('ca intermediate', '--out', file('middle'), '--force')).code, 0)
  t.equal((await peerkit('cert', 'issue', '--dir', file('middle'), '--out', file('leaf'))).code, 0)
  t.equal(decodePem(read('leaf.pem')).length, 2)
  t.equal(read('middle/root.pem'), read('pki/ca.pem'))
})

test('revoking by file or by serial number shows in the next CRL', async (t) => {
  const { file, run, read } = await withCa(t)
  await run('cert issue', '--out', file('leaf'))
  const { serialNumber = '' } = parsePeerIdentity(decodePem(read('leaf.pem'))[0] ?? new Uint8Array())
  t.match(await run('crl'), { code: 0, out: /crl\.pem, CRL number 1\n/ })
  t.match(
    await run('cert revoke', '--cert', file('leaf.pem'), '--reason', 'keyCompromise'),
    { code: 0, out: `revoked ${serialNumber}; run "peerkit crl` }
  )
  t.match(await run('cert revoke', '--serial', 'ABCD', '--force'), { code: 0 })
  t.equal(parseCrl(read('pki/crl.pem')).size, 0)
  t.match(await run('crl', '--days', '2', '--out', file('lists/own.pem')), { code: 0, out: /own\.pem, CRL number 2/ })
  const list = parseCrl(
    read('lists/own.pem'), { issuers: [parsePeerIdentity(decodePem(read('pki/ca.pem'))[0] ?? new Uint8Array())] }
  )
  t.equal(list.find(serialNumber)?.reason, 'keyCompromise')
  t.ok(list.has('abcd'))
  t.equal(list.nextUpdate - list.thisUpdate, 2 * 86_400_000)
})

test('a certificate of another CA is not revoked, also if it has the same name', async (t) => {
  const { file, run } = await withCa(t)
  await peerkit('ca', 'init', '--dir', file('twin'))
  await peerkit('cert', 'issue', '--dir', file('twin'), '--out', file('stranger'))
  t.match(await run('cert revoke', '--cert', file('stranger.pem')), { code: 2, err: /certificate is from another CA of the name CN=.*; expected one that this CA/ })
  await run('crl')
  t.equal(parseCrl(readFileSync(file('pki/crl.pem'))).size, 0)
})

test('the serial numbers of leaves and intermediates are known, DER is read, and a bücher.example gets its A-label', async (t) => {
  const { file, run, read } = await withCa(t)
  const issued = JSON.parse((await run('cert issue', '--out', file('leaf'), '--dns', 'bücher.example', '--json')).out)
  t.same(issued, { certificate: file('leaf.pem'), key: file('leaf.key'), root: file('pki/root.pem'), serialNumber: issued.serialNumber })
  const [leaf = new Uint8Array()] = decodePem(read('leaf.pem'))
  t.same(parsePeerIdentity(leaf).subjectAltNames?.dns, ['xn--bcher-kva.example'])
  writeFileSync(file('leaf.der'), leaf)
  t.same(JSON.parse((await run('cert revoke', '--cert', file('leaf.der'), '--reason', 'superseded', '--json')).out), { serialNumber: issued.serialNumber, reason: 'superseded' })
  t.match(await run('cert revoke', '--serial', issued.serialNumber.toUpperCase()), { code: 0 })
  const made = JSON.parse((await run('ca intermediate', '--out', file('middle'), '--json')).out)
  t.same(made, { folder: file('middle'), certificate: file('middle/ca.pem'), key: file('middle/ca.key'), root: file('middle/root.pem') })
  const { serialNumber = '' } = parsePeerIdentity(decodePem(read('middle/ca.pem'))[0] ?? new Uint8Array())
  t.match(await run('cert revoke', '--serial', serialNumber), { code: 0 })
  t.same(JSON.parse((await run('crl', '--json')).out), { crl: file('pki/crl.pem'), number: 1 })
  t.match(JSON.parse((await peerkit('ca', 'init', '--dir', file('new'), '--json')).out), { folder: file('new') })
})

test('with --json an error is JSON on standard output too', async (t) => {
  const { file, run } = await withCa(t)
  const { code, out, err } = await run('ca init', '--json')
  t.equal(code, 1)
  t.match(JSON.parse(out), { error: { code: 'MTLS_ERR_DEV_CA_STATE', message: /exists; use --force/, exitCode: 1 } })
  t.match(err, /exists; use --force/)
  t.match(JSON.parse((await peerkit('inspect', file('none'), '--json')).out), { error: { message: /not a file/, exitCode: 2 } })
})

test('explain ends with 0 where the rules allow a certificate, with 1 where they do not, and says why', async (t) => {
  const { file, run } = await withCa(t)
  await run('ca intermediate', '--out', file('middle'))
  await peerkit('cert', 'issue', '--dir', file('middle'), '--out', file('leaf'), '--spiffe', 'spiffe://td/orders')
  await run('cert issue', '--out', file('other'), '--cn', 'other')
  writeFileSync(
    file('rules.json'), JSON.stringify({ rules: ['orders'], clients: { orders: { spiffe: 'spiffe://td/orders' } } })
  )
  writeFileSync(file('list.json'), JSON.stringify([{ cn: 'other' }]))
  const ask = (cert: string, rules: string, ...args: string[]): Promise<Run> =>
    peerkit('explain', '--cert', file(cert), '--rules', file(rules), ...args)
  t.match(await ask('leaf.pem', 'rules.json'), { code: 0, out: /allowed/, err: '' })
  t.match(await ask('other.pem', 'list.json'), { code: 0 })
  t.match(await ask('other.pem', 'rules.json'), { code: 1, out: /no_match/ })
  const json = await ask('other.pem', 'rules.json', '--json')
  t.equal(json.code, 1)
  t.match(JSON.parse(json.out), { verdict: { allowed: false, reason: 'no_match' } })
})

test('explain ends with 2, not with a verdict, where a file is wrong', async (t) => {
  const { file, run } = await withCa(t)
  await run('cert issue', '--out', file('leaf'))
  writeFileSync(file('broken.json'), '{')
  writeFileSync(file('null.json'), 'null')
  writeFileSync(file('empty.json'), '{}')
  writeFileSync(file('wrong.json'), '[{ "cnn": "a" }]')
  writeFileSync(file('good.json'), '[{ "cn": "a" }]')
  writeFileSync(file('half.pem'), '-----BEGIN CERTIFICATE-----\nAAAA\n')
  for (const rules of ['broken.json', 'null.json', 'empty.json', 'wrong.json', 'none.json']) {
    t.match(
      await peerkit('explain', '--cert', file('leaf.pem'), '--rules', file(rules)),
      { code: 2, out: '', err: rules },
      rules
    )
  }
  for (const cert of ['half.pem', 'good.json', 'none.pem']) {
    t.match(
      await peerkit('explain', '--cert', file(cert), '--rules', file('good.json')),
      { code: 2, out: '', err: cert },
      cert
    )
  }
})

test('a failure that is none of the suite\'s ends with 1 and its stack', async (t) => {
  const { file, run } = await withCa(t)
  const { code, err } = await run('cert issue', '--out', file('pki/ca.pem/leaf'))
  t.equal(code, 1)
  t.match(err, /ENOTDIR|EEXIST/)
  t.match(err, /\n {4}at /)
})
