import { createPrivateKey } from 'node:crypto'
import { limitPeerIdentity, parsePeerIdentity } from '@peerkit/identity'
import { compileRules } from '@peerkit/rules'
import { test } from 'tap'
import { createDevCa } from '@peerkit/dev-ca'
import { folder } from './support/folder.ts'
import { peerkit, peerkitHere } from './support/peerkit.ts'

const ca = await createDevCa()
const server = await ca.issue({ profile: 'server', dns: 'localhost', ip: '127.0.0.1' })

test('a file: what rules see of the certificate, its chain, and rules that match it', async (t) => {
  const middle = await ca.intermediate({ name: 'Middle' })
  const leaf = await middle.issue({
    cn: 'orders',
    ou: ['shop', 'eu'],
    o: 'Example',
    dns: ['a.example', 'b.example'],
    ip: '192.0.2.1',
    email: 'a@example.com',
    spiffe: 'spiffe://td/orders',
    policies: ['1.2.3.4']
  })
  const file = folder(t, { 'leaf.pem': leaf.chain, 'root.pem': ca.root, 'leaf.der': leaf.der })
  const { code, out, err } = await peerkit('inspect', file('leaf.pem'), '--ca', file('root.pem'))
  t.same([code, err], [0, ''])
  for (const line of [/cn +orders\n/, /ou +shop\n +eu\n/, /dns +a\.example\n +b\.example\n/,
    /spiffe +spiffe:\/\/td\/orders\n/, /policy +1\.2\.3\.4\n/, /extendedKeyUsage .*\(serverAuth\)/,
    /: expires in [67] days\n/,
    /key +ec prime256v1\n/, /1 {2}CN=orders.*: signed by 2, expires in [67] days/,
    /2 {2}CN=Middle.*issued by CN=Peerkit development CA.*which is not here/, /leads to --ca/]) t.match(out, line)
  const json = JSON.parse((await peerkit('inspect', file('leaf.pem'), '--json')).out)
  t.equal(json.sees.serialNumber, leaf.serialNumber)
  t.equal(json.certificates[0].identity.spiffeId, 'spiffe://td/orders')
  t.match(json.certificates, [{ signedByNext: true, selfSigned: false }, { signedByNext: false }])
  t.equal(json.rules.length, 9)
  const peer = limitPeerIdentity(parsePeerIdentity(leaf.der), 'YOUR-AUTHORITY', [])
  for (const { rule } of json.rules) {
    t.match(compileRules([rule]).authorize(peer), { allowed: true }, JSON.stringify(rule))
  }
  t.match((await peerkit('inspect', file('leaf.der'))).out, /cn +orders/)
})

test('shows the claims of qualified certificates and admissions, and rules for them', async (t) => {
  const leaf = await ca.issue({
    subject: [{ type: 'organizationIdentifier', value: 'PSDDE-BAFIN-123456' }],
    upn: 'anna@corp.example',
    registeredId: '1.2.3',
    qualified: { type: 'web', psd2: { roles: ['PSP_AI', '1.2.4'], authority: 'DE-BAFIN' } },
    admission: { profession: 'Arzt', registrationNumber: '1-HBA-1' }
  })
  const foreign = await ca.issue({ cn: 'a', qualified: { psd2: { roles: '1.2.4', authority: 'DE-BAFIN' } } })
  const file = folder(t, { 'leaf.pem': leaf.cert, 'foreign.pem': foreign.cert })
  const { out } = await peerkitHere('inspect', file('leaf.pem'), '--authority', 'qwac')
  for (const line of [/upn +anna@corp\.example\n/, /registeredId +1\.2\.3\n/, /keyUsage +digitalSignature\n/,
    /qualified +type web\n +role PSP_AI\n +role 1\.2\.4\n +authority DE-BAFIN\n/,
    /admission +profession Arzt, registration number 1-HBA-1\n/]) t.match(out, line)
  const { rules } = JSON.parse((await peerkitHere('inspect', file('leaf.pem'), '--authority', 'qwac', '--json')).out)
  const suggested = rules.map(({ rule }: { rule: object }) => rule)
  for (const rule of [
    { upn: 'anna@corp.example', authority: 'qwac' }, { admission: { registrationNumber: '1-HBA-1' }, authority: 'qwac' },
    {
      qualified: { psd2: { roles: 'PSP_AI', authority: 'DE-BAFIN' } },
      subject: { organizationIdentifier: 'PSDDE-BAFIN-123456' },
      authority: 'qwac'
    }
  ]) t.has(suggested.filter((one: object) => JSON.stringify(one) === JSON.stringify(rule)), [rule])
  t.match((await peerkitHere('inspect', file('foreign.pem'), '--authority', 'qwac')).out, /"psd2":\{"roles":"1\.2\.4",/)
})

test('rules on names ask for the authority, and say why not for the issuer', async (t) => {
  const leaf = await ca.issue({ cn: 'orders', dns: 'a.example', email: 'a@example.com', uri: 'https://a.example/x' })
  const file = folder(t, { 'leaf.pem': leaf.chain })
  const { out } = await peerkitHere('inspect', file('leaf.pem'))
  t.match(out, '{"dns":"a.example","authority":"YOUR-AUTHORITY"}\n      this DNS name, of this authority\n')
  t.match(out, / {2}authority, not issuer: an intermediate of any trusted CA can have the name of an issuer\n/)
  t.match(out, /replace YOUR-AUTHORITY by the authority \(--authority NAME does this\)/)
  t.notMatch(out, /"issuer":/)
  const named = await peerkitHere('inspect', file('leaf.pem'), '--authority', 'partner')
  t.match(named, { code: 0, out: /\{"uri":"https:\/\/a\.example\/x","authority":"partner"\}\n/ })
  t.match(named.out, /authority, not issuer/)
  t.notMatch(named.out, /YOUR-AUTHORITY/)
  const json = JSON.parse((await peerkitHere('inspect', file('leaf.pem'), '--authority', 'partner', '--json')).out)
  t.match(json.rulesNote, /authority, not issuer/)
  const rules = json.rules.map(({ rule }: { rule: object }) => rule)
  t.same(rules.slice(2), [
    { uri: 'https://a.example/x', authority: 'partner' }, { dns: 'a.example', authority: 'partner' },
    { email: 'a@example.com', authority: 'partner' }, { cn: 'orders', authority: 'partner' }
  ])
  const empty = await peerkitHere('inspect', file('leaf.pem'), '--authority', '')
  t.match(empty, { code: 2, err: /--authority: found ""; expected a name of at most 255/ })
  const nameless = folder(t, { 'none.pem': (await ca.issue({})).cert })
  t.notMatch((await peerkitHere('inspect', nameless('none.pem'))).out, /not issuer/)
})

test('a chain out of order or of strangers is seen as such', async (t) => {
  const other = await createDevCa({ name: 'Other' })
  const leaf = await ca.issue({ cn: 'a' })
  const file = folder(t, { 'chain.pem': leaf.cert + other.root, 'other.pem': other.root })
  const { out } = await peerkit('inspect', file('chain.pem'), '--ca', file('other.pem'))
  t.match(out, /1 {2}CN=a: issued by CN=Peerkit development CA.*, not signed by 2/)
  t.match(out, /2 {2}CN=Other.*: self-signed/)
  const alone = folder(t, { 'leaf.pem': leaf.cert, 'other.pem': other.root })
  t.match(
    (await peerkit('inspect', alone('leaf.pem'), '--ca', alone('other.pem'))).out, /no certificate is signed by --ca/
  )
})

test('a private key is refused politely and nothing of it is shown', async (t) => {
  const { key, cert } = await ca.issue({ cn: 'a' })
  const encrypted = createPrivateKey(key).export({
    type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'secret'
  })
  const der = createPrivateKey(key).export({ type: 'sec1', format: 'der' })
  const file = folder(t, { 'a.key': key, 'b.key': encrypted, 'c.key': der, 'both.pem': key + cert })
  for (const name of ['a.key', 'b.key', 'c.key']) {
    const { code, out, err } = await peerkit('inspect', file(name))
    t.same([code, out], [2, ''])
    t.match(err, /found a private key, which is not shown; expected a certificate/)
    t.notMatch(err, /BEGIN|[A-Za-z0-9+/]{40}/)
  }
  const both = await peerkit('inspect', file('both.pem'))
  t.equal(both.code, 0)
  t.match(both.out, /The file also has a private key, which is not shown/)
  for (const line of key.split('\n').filter((text) => text.length > 30)) t.notOk(both.out.includes(line))
})

test('a wrong target ends with 2 and says what was found and what was expected', async (t) => {
  const file = folder(t, { 'empty.pem': '', 'text.pem': 'hello', 'half.pem': '-----BEGIN CERTIFICATE-----\nAAAA\n', 'cut.der': server.der.subarray(0, 80), 'p7.pem': '-----BEGIN PKCS7-----\nAAAA\n-----END PKCS7-----\n', 'trusted.pem': `-----BEGIN TRUSTED CERTIFICATE-----\nAAAA\n-----END TRUSTED CERTIFICATE-----\n${server.cert}`, 'spki.pem': '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n' })
  const wrong: ReadonlyArray<readonly [readonly string[], RegExp]> = [
    [[], /TARGET is missing; peerkit inspect requires it/],
    [['a', 'b'], /found 2 times TARGET \(a b\); peerkit inspect accepts 1/],
    [['nowhere.pem'], /found "nowhere\.pem", which is not a file; expected a certificate file or host:port/],
    [['host:99999'], /expected a certificate file or host:port/],
    [['https://user:secret@host/'], /expected a certificate file or host:port/],
    [[file('.')], /found a folder/],
    [[file('p7.pem')], /p7\.pem: found PEM of a PKCS7; expected its certificates, as openssl pkcs7 -print_certs/],
    [[file('trusted.pem')], /found PEM of a TRUSTED CERTIFICATE; expected CERTIFICATE, as openssl x509/],
    [[file('spki.pem')], /found PEM of a PUBLIC KEY; expected a certificate, a CRL/],
    [['h:1', '--ca', file('trusted.pem')], /--ca .*found PEM of a TRUSTED CERTIFICATE/],
    [[file('empty.pem')], /found an empty file/],
    [[file('text.pem')], /found neither PEM nor DER/],
    [[file('half.pem')], /half\.pem: .*expected a certificate/],
    [[file('cut.der')], /cut\.der: .*expected a certificate/],
    [['/dev/zero'], /\/dev\/zero: found more than 134217728 bytes; expected a certificate, a CRL/],
    [['h:1', '--ca', '/dev/zero'], /--ca \/dev\/zero: found more than 1048576 bytes; expected CA certificates, PEM, of at most 1048576 bytes/],
    [['h:1', '--timeout', 'soon'], /--timeout is "soon"; expected a duration such as/],
    [['h:1', '--timeout', '1h'], /--timeout is "1h"; expected at most 10m/],
    [['h:1', '--servername', 'a b'], /--servername is "a b"; expected a host name/],
    [['h:1', '--cert', 'x'], /--key is missing; --cert and --key belong together/],
    [['h:1', '--key', 'x'], /--cert is missing/],
    [['h:1', '--ca', 'nowhere'], /--ca nowhere: found no such file; expected CA certificates/],
    [['h:1', '--jsn'], /unknown option --jsn for peerkit inspect; did you mean --json\?/]
  ]
  const runs = await Promise.all(wrong.map(async ([args]) => await peerkitHere('inspect', ...args)))
  for (const [index, { code, out, err }] of runs.entries()) {
    t.same([code, out], [2, ''], String(wrong[index]?.[0]))
    t.match(err, wrong[index]?.[1] ?? /never/)
    t.notMatch(err, /\n {4}at |secret.*secret/)
  }
})

test('what a certificate says cannot write to the terminal', async (t) => {
  const evil = await ca.issue({ cn: 'a\u001b[2J\n  trusted  yes\u202eb', ou: 'x'.repeat(5000) })
  const file = folder(t, { 'evil.pem': evil.cert })
  for (const args of [[], ['--json']]) {
    const { code, out } = await peerkit('inspect', file('evil.pem'), ...args)
    t.equal(code, 0)
    // eslint-disable-next-line no-control-regex
    t.notMatch(out, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/)
    t.notMatch(out, /^ {2}trusted/m)
  }
})

test('--help tells of the target, the options and the exit codes', async (t) => {
  for (const name of ['inspect', 'probe', 'expiry']) {
    const { code, out } = await peerkitHere(name, '--help')
    t.equal(code, 0)
    t.match(out, /Exit code: 0/)
    t.match(out, /--json/)
  }
})
