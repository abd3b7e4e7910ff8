// What each key matches, on real certificates where one can be minted and on partial identities for names that no sane
// CA would sign.
import { test } from 'tap'
import type { Test } from 'tap'
import { createDevCa } from '@peerkit/dev-ca'
import { createPartialIdentity, parsePeerIdentity } from '@peerkit/identity'
import type { KnownIdentity, PeerIdentity } from '@peerkit/identity'
import { compileRules } from '../src/index.ts'
import type { AllowRule } from '../src/index.ts'

const ca = await createDevCa({ name: 'Values CA' })
const issue = async (options: Parameters<typeof ca.issue>[0]): Promise<PeerIdentity> =>
  parsePeerIdentity((await ca.issue(options)).der)

/** Whether one rule allows a peer; `'unknown'` where the identity says too little. */
function ask (rule: AllowRule, peer: PeerIdentity): boolean | 'unknown' {
  const verdict = compileRules([rule]).authorize(peer) as { allowed: boolean, reason?: string }
  return verdict.reason === 'incomplete_identity' ? 'unknown' : verdict.allowed
}

const names = (kind: 'dns' | 'uri' | 'email' | 'ip', ...values: string[]): PeerIdentity =>
  createPartialIdentity({ subjectAltNames: { [kind]: values } })
const subject = (text: string, more: KnownIdentity = {}): PeerIdentity =>
  createPartialIdentity({ subject: text, ...more })

type Row = readonly [rule: AllowRule, peer: PeerIdentity, expected: boolean | 'unknown']
const hold = (t: Test, rows: readonly Row[]): void => {
  for (const [rule, peer, expected] of rows) {
    t.equal(ask(rule, peer), expected, `${JSON.stringify(rule)} for ${peer} is ${expected}`)
  }
}

test('cn, o and ou match any value of their type, exactly, multi-valued RDNs included', async (t) => {
  const peer = await issue({ cn: 'web', o: 'Acme', ou: ['ops', 'billing'] })
  hold(t, [
    [{ cn: 'web' }, peer, true], [{ commonName: ['x', 'web'] }, peer, true], [{ cn: 'Web' }, peer, false],
    [{ cn: 'web ' }, peer, false], [{ cn: 'we' }, peer, false], [{ cn: 'webs' }, peer, false],
    [{ o: 'Acme' }, peer, true], [{ organization: 'acme' }, peer, false], [{ ou: 'ops' }, peer, true],
    [{ organizationalUnit: 'billing' }, peer, true], [{ ou: 'web' }, peer, false],
    [{ ou: ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'billing'], o: 'Acme' }, peer, true],
    [{ cn: 'a' }, subject('OU=x+CN=a,O=y'), true], [{ ou: 'x' }, subject('OU=x+CN=a,O=y'), true],
    [{ cn: 'b' }, subject('CN=a,CN=b,CN=c'), true],
  ])
})

test('a name that imitates others inside a value gets nothing', async (t) => {
  const peer = await issue({ cn: 'a+b=c/CN=admin', o: 'Müller, Söhne & Co;KG', ou: ['ops', 'billing, CN=admin'] })
  hold(t, [
    [{ cn: 'admin' }, peer, false], [{ ou: 'billing' }, peer, false], [{ cn: 'a+b=c/CN=admin' }, peer, true],
    [{ ou: 'billing, CN=admin' }, peer, true], [{ o: 'Müller, Söhne & Co;KG' }, peer, true],
    [{ subject: { cn: 'admin' } }, peer, false], [{ cn: 'admin' }, subject('CN=admin\\00.evil'), false],
    [{ cn: 'admin' }, subject('CN=\\00admin'), false], [{ cn: 'admin' }, subject('CN=#1602c3bc'), false],
    [{ cn: '#1602c3bc' }, subject('CN=\\#1602c3bc'), true],
    // A bit string is no text, and must not pass for the text that shows it.
    [{ cn: '#03020780' }, subject('CN=#03020780'), false], [{ cn: '#03020780' }, subject('CN=\\#03020780'), true],
    [{ subject: { cn: '#03020780' } }, subject('CN=#03020780'), false],
    [{ subject: 'CN=\\#03020780' }, subject('CN=#03020780'), false],
    [{ subject: 'CN=#03020780' }, subject('CN=#03020780'), true],
    [{ subject: 'CN=#03020780' }, subject('CN=\\#03020780'), false],
  ])
})

test('Unicode look-alikes and other normal forms are other names', async (t) => {
  hold(t, [
    [{ cn: 'admin' }, subject('CN=аdmin'), false], [{ cn: 'caf\u00e9' }, subject('CN=cafe\u0301'), false],
    [{ cn: 'admin' }, subject('CN=adm\u0131n'), false], [{ cn: 'K' }, subject('CN=\u212a'), false],
    [{ dns: 'kelvin.x' }, names('dns', 'KELVIN.x'), true], [{ cn: 'admin' }, subject('CN=admin\u200b'), false],
  ])
})

test('subject as text is the whole name, attribute by attribute', async (t) => {
  const peer = subject('CN=web,OU=ops,O=Acme')
  hold(t, [
    [{ subject: 'CN=web,OU=ops,O=Acme' }, peer, true],
    [{ subject: 'cn = web, OID.2.5.4.11=ops , O=Acme' }, peer, true],
    [{ subject: ['CN=x', '2.5.4.3=web,OU=ops,O=Acme'] }, peer, true],
    [{ subject: 'CN=web' }, peer, false], [{ subject: 'CN=web,OU=ops' }, peer, false],
    [{ subject: 'O=Acme,OU=ops,CN=web' }, peer, false], [{ subject: 'CN=Web,OU=ops,O=Acme' }, peer, false],
    [{ subject: 'CN=web,OU=ops,O=Acme,C=DE' }, peer, false], [{ subject: 'CN=web+OU=ops,O=Acme' }, peer, false],
    [{ subject: 'OU=b+CN=a' }, subject('CN=a+OU=b'), true],
    [{ subject: 'CN=a,O=b' }, subject('CN=a\\,O=b'), false], [{ subject: 'CN=a\\,O=b' }, subject('CN=a\\,O=b'), true],
    [{ subject: 'CN=#1602c3bc' }, subject('CN=#1602c3bc'), true],
    [{ subject: 'CN=#1602c3bc' }, subject('CN=\\#1602c3bc'), false],
  ])
})

test('subject as object must be contained', async (t) => {
  const peer = subject('CN=web,OU=ops,OU=billing,O=Acme,2.5.4.15=Private')
  hold(t, [
    [{ subject: { o: 'Acme' } }, peer, true], [{ subject: { CN: 'web', organization: ['x', 'Acme'] } }, peer, true],
    [{ subject: { ou: 'billing', '2.5.4.15': 'Private' } }, peer, true],
    [{ subject: { cn: 'web', o: 'x' } }, peer, false], [{ subject: { businessCategory: 'private' } }, peer, false],
    [{ subject: { c: 'DE' } }, peer, false],
    [{ subject: [{ cn: 'web', o: 'x' }, { cn: 'x', o: 'Acme' }] }, peer, false],
    [{ subject: [{ cn: 'web', o: 'x' }, { cn: 'web', o: 'Acme' }] }, peer, true],
    [{
      subject: ['CN=web', { cn: 'web', o: 'Acme' }], not: { subject: [{ cn: 'web', ou: 'x' }, { o: 'Acme', ou: 'y' }] }
    }, peer, true],
    [{ cn: 'web', not: { subject: [{ cn: 'web', ou: 'x' }, { o: 'Acme', ou: 'ops' }] } }, peer, false],
  ])
})

test('dns ignores case, covers one label with "*.", and never reads the common name', async (t) => {
  const peer = await issue({ cn: 'cn.example.com', dns: ['api.example.com', 'Mixed.Example.COM'] })
  hold(t, [
    [{ dns: 'API.example.com' }, peer, true], [{ dns: 'mixed.example.com' }, peer, true],
    [{ dns: 'cn.example.com' }, peer, false], [{ dns: '*.example.com' }, peer, true],
    [{ dns: '*.EXAMPLE.com' }, peer, true],
    [{ dns: '*.com' }, peer, false], [{ dns: 'example.com' }, peer, false], [{ dns: '*.api.example.com' }, peer, false],
    [{ dns: '*.example.com' }, names('dns', 'a.b.example.com'), false],
    [{ dns: '*.example.com' }, names('dns', 'example.com'), false],
    [{ dns: '*.example.com' }, names('dns', '.example.com'), false],
    [{ dns: '*.example.com' }, names('dns', 'evilexample.com'), false],
    [{ dns: '*.example.com' }, names('dns', 'a.example.com.evil'), false],
    [{ dns: '*.example.com' }, names('dns', 'a.example.com.'), false],
    [{ dns: '*.example.com' }, names('dns', 'a b.example.com'), false],
    [{ dns: '*.example.com' }, names('dns', 'a/b.example.com'), false],
    [{ dns: '*.example.com' }, names('dns', 'evil@a.example.com'), false],
    [{ dns: '*.example.com' }, names('dns', '*.example.com'), true],
    [{ dns: '*.example.com' }, names('dns', '*.*.example.com'), false],
    [{ dns: '*.example.com' }, names('dns', '**.example.com'), false],
    [{ dns: 'api.example.com' }, names('dns', '*.example.com'), false],
    [{ dns: 'api.example.com' }, names('dns', 'api.example.com,DNS:x'), false], [{ dns: 'a' }, names('dns'), false],
    [{ dns: 'api.example.com' }, names('uri', 'https://api.example.com'), 'unknown'],
  ])
})

test('uri matches exactly, or segment by segment', async (t) => {
  const uri = (text: string): PeerIdentity => names('uri', text)
  hold(t, [
    [{ uri: 'urn:a:b' }, uri('urn:a:b'), true], [{ uri: 'urn:a:b' }, uri('URN:a:b'), false],
    [{ uri: 'https://h/a?b#c' }, uri('https://h/a?b#c'), true], [{ uri: 'https://h/a' }, uri('https://h/a/'), false],
    [{ uri: 'https://h/*' }, uri('https://h/a'), true], [{ uri: 'https://h/*' }, uri('https://h/a/b'), false],
    [{ uri: 'https://h/*' }, uri('https://h/'), false], [{ uri: 'https://h/*' }, uri('https://h'), false],
    [{ uri: 'https://h/**' }, uri('https://h/a/b/c'), true], [{ uri: 'https://h/**' }, uri('https://h'), false],
    [{ uri: 'https://h/**' }, uri('https://h/'), false], [{ uri: 'https://h/a/**' }, uri('https://h/a'), false],
    [{ uri: 'https://h/*/c' }, uri('https://h/b/c'), true], [{ uri: 'https://h/*/c' }, uri('https://h/b/d'), false],
    [{ uri: 'https://h/*' }, uri('https://H/a'), false], [{ uri: 'https://h/*' }, uri('https://h:1/a'), false],
    [{ uri: 'https://h/*' }, uri('https://h@evil/a'), false],
    [{ uri: 'https://h/*' }, uri('https://evil/https://h/a'), false],
    [{ uri: 'https://h/*' }, uri('https://h\\evil/a'), false],
    [{ uri: 'https://h/*/c' }, uri('https://h/../c'), false],
    [{ uri: 'https://h/*/c' }, uri('https://h/%2e%2E/c'), false],
    [{ uri: 'https://h/*/c' }, uri('https://h/./c'), false],
    [{ uri: 'https://h/*' }, uri('https://h/a%2fb'), false], [{ uri: 'https://h/*' }, uri('https://h/a%5Cb'), false],
    [{ uri: 'https://h/*' }, uri('https://h/a%00'), false], [{ uri: 'https://h/*' }, uri('https://h/a%'), false],
    [{ uri: 'https://h/*' }, uri('https://h/a%20b'), true], [{ uri: 'https://h/*' }, uri('https://h/a?b'), false],
    [{ uri: 'https://h/**' }, uri('https://h/a#/b'), false], [{ uri: 'https://h/**' }, uri('https://h/a//b'), false],
    [{ uri: 'https://h/**' }, uri('https://h/a/../../b'), false],
    [{ uri: 'https://h/*' }, uri('https://h/a,URI:b'), true],
    [{ uri: 'https://h/a' }, uri('https://h/b,URI:https://h/a'), false],
    [{ uri: 'https://h/a', not: { uri: ['https://h/*', 'https://h/x'] } }, uri('https://h/a'), false],
    [{ uri: 'urn:a' }, uri('https://h'), false], [{ uri: 'https://h/*' }, uri('urn:a:b'), false],
  ])
})

test('a wildcard covers an encoded octet unless code that decodes it would see another segment, in either case', async (t) => {
  const alone = (octet: number): string => octet.toString(16).padStart(2, '0')
  for (let octet = 0; octet < 256; octet++) {
    const isSeparator = octet < 0x20 || octet === 0x7f || octet === 0x2f || octet === 0x5c
    const spellings = new Set([alone(octet), alone(octet).toUpperCase()])
    for (const hex of spellings) {
      const row = (rule: string, path: string): Row => [{ uri: rule }, names('uri', path), !isSeparator]
      hold(t, [row('https://h/*', `https://h/a%${hex}b`), row('https://h/**', `https://h/a/b%${hex}`)])
    }
  }
  const covers = (segment: string, expected: boolean): Row => [{ uri: 'https://h/*' }, names('uri', `https://h/${segment}`), expected]
  hold(t, [
    // No octet: a percent sign without two hexadecimal digits.
    ...['a%', 'a%4', '%4', 'a%4g', 'a%g4', '%%41'].map((segment) => covers(segment, false)),
    // Only one or two dots alone are another folder.
    ...['.well-known', '..a', 'a..', '...', '%2e%2ea', 'a%2e'].map((segment) => covers(segment, true))
  ])
})

test('spiffe asks for a valid X.509-SVID', async (t) => {
  const id = 'spiffe://td.example/ns/ops/sa/web'
  const peer = await issue({ spiffe: id })
  const two = names('uri', id, 'https://h/a')
  hold(t, [
    [{ spiffe: id }, peer, true], [{ spiffe: 'spiffe://td.example' }, peer, true],
    [{ spiffe: 'spiffe://td.example/**' }, peer, true], [{ spiffe: 'spiffe://td.example/ns/*/sa/*' }, peer, true],
    [{ spiffe: 'spiffe://td.example/ns/**' }, peer, true], [{ spiffe: 'spiffe://td.example/*' }, peer, false],
    [{ spiffe: 'spiffe://td.example/ns/ops/sa/web/**' }, peer, false],
    [{ spiffe: 'spiffe://td.example/ns/ops/sa' }, peer, false],
    [{ spiffe: 'spiffe://td.exampl' }, peer, false], [{ spiffe: 'spiffe://td.example.evil' }, peer, false],
    [{ spiffe: 'spiffe://td' }, peer, false], [{ spiffe: 'spiffe://td.example/ns/ops/sa/Web' }, peer, false],
    [{ spiffe: 'spiffe://td.example' }, names('uri', 'spiffe://td.example.evil/a'), false],
    [{ spiffe: id }, two, false], [{ uri: id }, two, true],
    [{ spiffe: id }, names('uri', 'spiffe://TD.example/ns/ops/sa/web'), false],
    [{ spiffe: 'spiffe://td.example' }, names('uri', 'spiffe://td.example'), false],
    [{ spiffe: 'spiffe://td.example/**' }, names('uri', 'spiffe://td.example/a/../b'), false],
    [{ spiffe: id }, names('dns', 'a'), 'unknown'], [{ spiffe: id }, createPartialIdentity({ spiffeId: id }), true],
    [{ spiffe: id }, await issue({ cn: id }), false],
  ])
  const intermediate = parsePeerIdentity((await ca.intermediate({ name: 'Not a leaf' })).der)
  t.equal(ask({ spiffe: 'spiffe://td.example' }, intermediate), false)
})

test('trustDomain asks for the trust domain of a valid X.509-SVID', async (t) => {
  const peer = await issue({ spiffe: 'spiffe://td.example/web' })
  hold(t, [
    [{ trustDomain: 'td.example' }, peer, true], [{ trustDomain: ['a', 'td.example'] }, peer, true],
    [{ trustDomain: 'td' }, peer, false], [{ trustDomain: 'example' }, peer, false],
    [{ trustDomain: 'td.example', spiffe: 'spiffe://td.example/web' }, peer, true],
    [{ trustDomain: ['td.example', 'a'], not: { trustDomain: 'a' } }, peer, true],
    [{ spiffe: ['spiffe://td.example/web', 'spiffe://a/x'], not: { trustDomain: 'td.example' } }, peer, false],
    [{ trustDomain: 'td.example' }, names('uri', 'spiffe://td.example'), false],
    [{ trustDomain: 'td.example' }, names('uri', 'https://td.example/web'), false],
    [{ trustDomain: 'td.example' }, names('dns', 'td.example'), 'unknown'],
    [{ trustDomain: 'td.example' }, await issue({ cn: 'td.example', dns: 'td.example' }), false],
  ])
  t.throws(
    () => ask({ trustDomain: 'td.example', not: { spiffe: 'spiffe://td.example/**' } }, peer), /never_matches|exclude/,
    'both are the same value'
  )
})

test('email ignores the case of the host alone', async (t) => {
  const peer = await issue({ email: 'Ops@Example.com' })
  hold(t, [
    [{ email: 'Ops@example.COM' }, peer, true], [{ email: 'ops@example.com' }, peer, false],
    [{ email: 'Ops@example.com.evil' }, peer, false],
    [{ email: 'a@x' }, names('email', 'b@x', 'a@X'), true], [{ email: 'a@x' }, names('email', 'a'), false],
    [{ email: '"a@y"@x' }, names('email', '"a@y"@X'), true],
    [{ email: 'a@x' }, subject('CN=a,emailAddress=a@x'), 'unknown'],
    [{ subject: { emailAddress: 'a@x' } }, subject('CN=a,emailAddress=a@x'), true],
  ])
})

test('a range that is not what it seems is refused, with what to write in its place', async (t) => {
  const all4 = 'it covers every IPv4 address and no IPv6 address; to allow any address, leave "ip" out'
  const all6 = 'it covers every IPv6 address and no IPv4 address; to allow any address, leave "ip" out'
  for (const [ip, reason, hint] of [
    ['0.0.0.0/0', 'invalid_value', all4], ['192.0.2.1/0', 'invalid_value', all4],
    ['::ffff:0.0.0.0/96', 'invalid_value', all4], ['::/0', 'invalid_value', all6],
    ['10.1.2.3/8', 'never_matches', 'it has host bits set; the range is 10.0.0.0/8'],
    ['2001:0:0:1:0:0:0:1/64', 'never_matches', 'it has host bits set; the range is 2001:0:0:1::/64'],
    ['::ffff:10.1.2.3/104', 'never_matches', 'it has host bits set; the range is 10.0.0.0/8']
  ] as const) {
    for (const rules of [{ ip }, { cn: 'a', not: { ip: ['192.0.2.1', ip] } }]) {
      t.throws(() => compileRules(rules), {
        code: 'MTLS_ERR_RULE_INVALID',
        reason,
        found: `"${ip}"`,
        expected: 'an IP address, or a range such as 10.0.0.0/8 or 2001:db8::/32',
        message: new RegExp(`found "${ip}", expected [^;]*; ${hint}`)
      }, JSON.stringify(rules))
    }
  }
})

test('ip compares addresses and not their spelling', async (t) => {
  const peer = await issue({ ip: ['10.1.2.3', '2001:db8::1'] })
  const mapped = names('ip', '::ffff:10.1.2.3')
  hold(t, [
    [{ ip: '10.1.2.3' }, peer, true], [{ ip: '2001:0DB8:0:0:0:0:0:1' }, peer, true],
    [{ ip: '2001:db8:0::0.0.0.1' }, peer, true], [{ ip: '2001:db8::2' }, peer, false],
    [{ ip: '10.0.0.0/8' }, peer, true],
    [{ ip: '10.1.2.0/24' }, peer, true], [{ ip: '10.1.3.0/24' }, peer, false], [{ ip: '2001:db8::/32' }, peer, true],
    [{ ip: '2001:db9::/32' }, peer, false], [{ ip: '10.1.2.3/32' }, peer, true],
    [{ ip: '8000::/1' }, names('ip', '192.1.2.3'), false], [{ ip: '128.0.0.0/1' }, names('ip', '8000::1'), false],
    [{ ip: '0.0.0.0/1' }, peer, true],
    [{ ip: '10.1.2.3' }, mapped, true], [{ ip: '10.0.0.0/8' }, mapped, true],
    [{ ip: '::ffff:0a01:0203' }, names('ip', '10.1.2.3'), true], [{ ip: '::ffff:10.0.0.0/104' }, peer, true],
    [{ ip: '::/1' }, mapped, false],
    [{ ip: '::a01:203' }, names('ip', '10.1.2.3'), false],
    [{ ip: '10.1.2.3' }, await issue({ cn: '10.1.2.3', dns: 'a' }), false],
    [{ ip: '::' }, names('ip', '0.0.0.0'), false], [{ ip: '::' }, names('ip', '0::0'), true],
    [{ ip: '10.0.0.0/8', not: { ip: ['10.1.0.0/16', '192.0.2.1'] } }, mapped, false],
  ])
})

test('issuer pins a name, serialNumber a certificate of that issuer', async (t) => {
  const issued = await ca.issue({ cn: 'web' })
  const peer = parsePeerIdentity(issued.der)
  const issuer = peer.issuer?.toString() as string
  const serialNumber = issued.serialNumber
  hold(t, [
    [{ cn: 'web', issuer }, peer, true], [{ issuer: { cn: 'Values CA' } }, peer, true],
    [{ issuer: 'CN=Values CA 2' }, peer, false], [{ issuer: { cn: 'web' } }, peer, false],
    [{ issuer, serialNumber }, peer, true], [{ issuer, serialNumber: `00${serialNumber.toUpperCase()}` }, peer, true],
    [{ issuer, serialNumber: (serialNumber.match(/../g) as string[]).join(':') }, peer, true],
    [{ issuer, serialNumber: `${serialNumber}00` }, peer, false], [{ issuer: 'CN=x', serialNumber }, peer, false],
    [{ issuer: 'CN=x', serialNumber: '0' }, createPartialIdentity({ serialNumber: '00', issuer: 'CN=x' }), true],
  ])
})

test('fingerprint and publicKey match in hex and base64', async (t) => {
  const peer = await issue({ cn: 'web' })
  for (const [key, digest] of [['fingerprint', peer.fingerprint256], ['publicKey', peer.publicKey256]] as const) {
    const hex = digest as string
    const base64 = Buffer.from(hex, 'hex').toString('base64')
    const colons = (hex.toUpperCase().match(/../g) as string[]).join(':')
    hold(t, [hex, hex.toUpperCase(), base64, colons].map((value) => [{ [key]: value }, peer, true] as Row))
    hold(t, [[{ [key]: 'ab'.repeat(32) }, peer, false]])
  }
  t.equal(ask({ fingerprint: peer.publicKey256 as string }, peer), false)
})

test('policy and extendedKeyUsage match the OID itself', async (t) => {
  const peer = await issue({ cn: 'web', profile: 'client' })
  hold(t, [
    [{ extendedKeyUsage: '1.3.6.1.5.5.7.3.2' }, peer, true],
    [{ extendedKeyUsage: ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.4'] }, peer, false], [{ policy: '1.2.3' }, peer, false],
    [{ policy: '1.2.3' }, subject('CN=a', { policies: ['1.2.3'] }), true],
    [{ policy: '1.2.3' }, subject('CN=a', { policies: ['2.5.29.32.0'] }), false],
    [{ extendedKeyUsage: '1.3.6.1.5.5.7.3.2' }, subject('CN=a', { extendedKeyUsage: ['2.5.29.37.0'] }), false],
    [{ policy: '1.2.3' }, subject('CN=a'), 'unknown'],
  ])
})

test('via asks the nearest gateway, the only one that proved itself', async (t) => {
  const near = await issue({ cn: 'near', spiffe: 'spiffe://td/near' })
  const far = await issue({ cn: 'far' })
  const { der } = await ca.issue({ cn: 'web' })
  const through = (...via: PeerIdentity[]): PeerIdentity => parsePeerIdentity(der, { source: 'forwarded', via })
  hold(t, [
    [{ cn: 'web', via: { cn: 'near' } }, through(far, near), true],
    [{ cn: 'web', via: { cn: 'far' } }, through(far, near), false],
    [{ cn: 'web', via: [{ cn: 'far' }, { spiffe: 'spiffe://td' }] }, through(near), true],
    [{ cn: 'web', via: { cn: 'web' } }, through(near), false],
    [{ cn: 'web', not: { via: { cn: 'near' } } }, through(near), false],
    [{ cn: 'web', not: { via: { cn: 'near' } } }, through(far), true],
    [{ cn: 'web', via: { cn: 'near' } }, parsePeerIdentity(der), false],
    [{ cn: 'web', not: { via: { cn: 'near' } } }, parsePeerIdentity(der), true],
    // A gateway known by its address alone has no identity that could be asked.
    [{ cn: 'web', via: { cn: 'near' } }, through(), 'unknown'],
    [{ cn: 'web', not: { via: { cn: 'near' } } }, through(), 'unknown'],
    [{ cn: 'web', not: { via: { not: { cn: 'near' } } } }, through(), 'unknown'],
  ])
})

test('not refuses what matches, and what too little is known of', async (t) => {
  const peer = await issue({ cn: 'web', ou: ['ops', 'suspended'] })
  const partial = createPartialIdentity({ subject: 'CN=web', subjectAltNames: { dns: [] } })
  hold(t, [
    [{ cn: 'web', not: { ou: 'suspended' } }, peer, false], [{ cn: 'web', not: { ou: 'other' } }, peer, true],
    [{ cn: 'web', not: [{ ou: 'other' }, { ou: 'ops', cn: 'web' }] }, peer, false],
    [{ cn: 'web', not: { ou: 'ops', cn: 'x' } }, peer, true], [{ cn: 'web', not: { not: { ou: 'ops' } } }, peer, true],
    [{ not: { ou: 'other' } }, peer, true],
    [{ not: { email: 'a@b' } }, partial, 'unknown'], [{ not: { not: { email: 'a@b' } } }, partial, 'unknown'],
    [{ not: { dns: 'a' } }, partial, true], [{ not: { fingerprint: 'ab'.repeat(32) } }, partial, 'unknown'],
    [{ not: { email: 'a@b', cn: 'x' } }, partial, true], [{ not: { email: 'a@b', cn: 'web' } }, partial, 'unknown'],
    [{ not: [{ email: 'a@b' }, { cn: 'web' }] }, partial, false], [{ not: { issuer: 'CN=x' } }, partial, 'unknown'],
    [{ not: { spiffe: 'spiffe://td' } }, partial, 'unknown'], [{ not: { ip: '10.0.0.0/8' } }, partial, 'unknown'],
    [{ not: { uri: 'urn:a:b' } }, partial, 'unknown'], [{ cn: 'x', not: { email: 'a@b' } }, partial, false],
    [{ not: { policy: '1.2.3' } }, partial, 'unknown'], [{ not: { publicKey: 'ab'.repeat(32) } }, partial, 'unknown'],
    [{ not: { subject: 'CN=x' } }, createPartialIdentity({ serialNumber: '1' }), 'unknown'],
    [
      { not: { issuer: 'CN=x', serialNumber: '1' } }, createPartialIdentity({ subject: 'CN=a', issuer: 'CN=x' }),
      'unknown'
    ],
  ])
})
