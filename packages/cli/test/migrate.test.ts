import { test } from 'tap'
import type { Test } from 'tap'
import { folder } from './support/folder.ts'
import { peerkit, peerkitHere } from './support/peerkit.ts'

const MORE = /the code asks for more than this rule/

/** What the command finds in a file. */
async function find (t: Test, source: string, name = 'auth.js'): Promise<any[]> {
  const { out } = await peerkitHere('migrate', folder(t, { [name]: source })(name), '--json')
  return JSON.parse(out).findings
}

/** The rules that it proposes for a handler with this code. */
async function rulesOf (t: Test, code: string): Promise<any[]> {
  const source = `const handler = (req, res) => {\n  const cert = req.socket.getPeerCertificate()\n  ${code}\n}`
  return (await find(t, source)).flatMap(({ proposals }) => proposals)
}

test('each kind of place is found, with its line, its weakness and what takes its place', async (t) => {
  const found = await find(t, `
const clientCertificateAuth = require('client-certificate-auth')
https.createServer({ ...files, requestCert: true, rejectUnauthorized: false }, app)
app.use(clientCertificateAuth((cert) => cert.subject.CN === 'Doug'))
app.use((req, res, next) => {
  if (!req.client.authorized) return res.end(req.socket.authorizationError)
  next()
})
const leaf = (req) => req.connection.getPeerCertificate(true)
const x509 = (tlsSocket) => tlsSocket.getPeerX509Certificate()
const verified = (req) => req.headers['x-ssl-client-verify'] === 'SUCCESS'
const dn = (req) => req.get('X-SSL-Client-S-DN')
const nginx = (req) => req.headers.ssl_client_verify
`)
  t.same(found.map(({ line, kind }) => `${line} ${kind}`), [
    '3 unverified_server', '4 client_certificate_auth', '6 authorized', '6 authorization_error', '9 leaf_read',
    '10 leaf_read', '11 gateway_header', '12 gateway_header', '13 gateway_header'
  ])
  t.same(found[1].proposals, [{ rule: { cn: 'Doug' } }])
  t.match(found[4], { column: 38, code: 'getPeerCertificate()', does: /reads the names/, weak: /authorized is not checked/ })
  for (const { weak, instead } of found) t.ok(weak.length > 20 && instead.length > 10)
})

test('what only looks like it is not found', async (t) => {
  t.same(await find(t, `
const user = { authorized: true }
if (user.authorized) next()
const type = req.headers['content-type'] === 'x' || req.get('authorization') === 'y'
https.createServer({ requestCert: true, rejectUnauthorized: true })
if (person.subject.CN === 'x') next()
// getPeerCertificate() in a comment
const text = 'getPeerCertificate()'
function other (cn) { return ['a'].includes(cn) }
`), [])
})

test('a check of authorized in the function, or around it, changes what is said', async (t) => {
  const [, checked] = await find(t, 'const f = (req) => req.socket.authorized && req.socket.getPeerCertificate()')
  t.match(checked, { kind: 'leaf_read', weak: /the verdict is that of the handshake/ })
  const inner = await find(t, 'const f = (req) => { if (!req.socket.authorized) return\n  [1].map(() => req.socket.getPeerCertificate()) }')
  t.match(inner[1], { kind: 'leaf_read', weak: /the verdict is that of the handshake/ })
})

test('comparisons become rules', async (t) => {
  const cases: ReadonlyArray<readonly [code: string, rule: object]> = [
    ["if (cert.subject.CN === 'a') ok()", { cn: 'a' }],
    ["if ('a' != cert.subject.CN) return", { cn: 'a' }],
    ["if (cert['subject']['OU'] === `a`) ok()", { ou: 'a' }],
    ["const { subject: { O: name } } = cert; if (name === 'a') ok()", { o: 'a' }],
    ["let cn; cn = cert.subject.CN.toLowerCase(); if (cn === 'a') ok()", { cn: 'a' }],
    ["if (['a', 'b'].includes(cert.subject.CN)) ok()", { cn: ['a', 'b'] }],
    ["const SET = new Set(['a', 'b']); if (!SET.has(cert.subject.CN)) return", { cn: ['a', 'b'] }],
    ["const LIST = Object.freeze(['a', 'b']); if (LIST.indexOf(cert.subject.CN) === -1) return", { cn: ['a', 'b'] }],
    ["switch (cert.subject.CN) { case 'a': case 'b': return ok(); default: deny() }", { cn: ['a', 'b'] }],
    ["if (cert.subjectaltname === 'DNS:a.example') ok()", { dns: 'a.example' }],
    ["if (cert.subjectaltname.split(', ').includes('URI:spiffe://a.example/b')) ok()", { spiffe: 'spiffe://a.example/b' }],
    ["if (cert.subjectaltname === 'IP Address:192.0.2.1') ok()", { ip: '192.0.2.1' }],
    ["if (cert.subjectaltname === 'email:a@b.example') ok()", { email: 'a@b.example' }],
    ["if (cert.subjectaltname === 'URI:https://a.example') ok()", { uri: 'https://a.example' }],
    [`if (cert.fingerprint256 === '${'AB:'.repeat(31)}AB') ok()`, { fingerprint: `${'AB:'.repeat(31)}AB` }],
    ["if (cert.issuer.CN === 'CA') ok()", { issuer: { cn: 'CA' } }],
    ["if (cert.subject.CN === 'a' && cert.subject.O === 'b') ok()", { cn: 'a', o: 'b' }],
    ["if (cert.subject.CN !== 'a' || cert.subject.O !== 'b') return", { cn: 'a', o: 'b' }],
    ["if (cert && cert.subject && cert.subject.CN === 'a') ok()", { cn: 'a' }],
    ["if (cert.subject.O === 'b' && cert.subject.CN !== 'a') ok()", { o: 'b', not: { cn: 'a' } }],
    ["if (cert.subject.O !== 'b' || ['a', 'c'].includes(cert.subject.CN)) return", { o: 'b', not: { cn: ['a', 'c'] } }]
  ]
  for (const [code, rule] of cases) t.match(await rulesOf(t, code), [{ rule }], code)
})

test('alternatives are one rule each', async (t) => {
  t.same(await rulesOf(t, "if (cert.subject.CN === 'a' || cert.subject.OU === 'b') ok()"), [{ rule: { cn: 'a' } }, { rule: { ou: 'b' } }])
  t.same(await rulesOf(t, "if (cert.subject.CN !== 'a' && cert.subject.CN !== 'b') return"), [{ rule: { cn: 'a' } }, { rule: { cn: 'b' } }])
})

test('a rule that would allow more than the code says so', async (t) => {
  const [part] = await rulesOf(t, "if (cert.subject.CN === 'a' && req.method === 'GET') ok()")
  t.match(part, { rule: { cn: 'a' }, note: MORE })
  const [narrow] = await rulesOf(t, "if (cert.subject.CN === 'a' && /^x/.test(cert.subject.OU)) ok()")
  t.match(narrow, { rule: { cn: 'a' }, note: MORE })
  const twice = await rulesOf(t, "if (cert.subject.OU !== 'a' || cert.subject.OU !== 'b') return")
  t.match(twice, [{ rule: { ou: 'a' }, note: MORE }, { rule: { ou: 'b' }, note: MORE }])
  t.match(await rulesOf(t, "if (cert.subjectaltname.includes('DNS:a.example')) ok()"), [{ rule: { dns: 'a.example' }, note: /longer names/ }])
  t.same(await rulesOf(t, "if (cert.subject.CN === 'a' || isAdmin(req)) ok()"), [{ rule: { cn: 'a' } }], 'this one allows less')
})

test('what no rule says is named', async (t) => {
  const cases: ReadonlyArray<readonly [code: string, note: RegExp]> = [
    ["if (cert.subject.CN.startsWith('CP-')) ok()", /subject\.CN is compared by a pattern/],
    ['if (/^CP/.test(cert.subject.CN)) ok()', /compared by a pattern/],
    ["if (cert.subject.CN.includes('CP')) ok()", /compared in part/],
    ["if (cert.fingerprint === 'AA') ok()", /SHA-256, not SHA-1/],
    ["if (cert.serialNumber === '0A') ok()", /unique for one issuer only: \{ serialNumber: "0A", issuer/],
    ["if (cert.subjectaltname === 'DNS:a, DNS:b') ok()", /no rule can say this/],
    ["if (cert.subjectaltname === 'a') ok()", /write the rule by hand/],
    ["if (cert.valid_to === 'a') ok()", /valid_to has no proposal/],
    ["if (cert.fingerprint256 === 'AA') ok()", /no rule can say this: .*SHA-256/]
  ]
  for (const [code, note] of cases) {
    const [proposal] = await rulesOf(t, code)
    t.match(proposal, { note, rule: undefined }, code)
  }
})

test('a helper that gets the certificate is found by what it compares', async (t) => {
  const [found] = await find(t, "export function isAllowed (peerCert) {\n  return peerCert.subject.CN === 'a'\n}")
  t.match(found, { line: 2, kind: 'leaf_read', code: 'a certificate that was read elsewhere', proposals: [{ rule: { cn: 'a' } }] })
})

test('TypeScript, JSX and decorators are read, and names are those of their function', async (t) => {
  const typed = `
import clientCertificateAuth from 'client-certificate-auth'
enum Kind { A }
@Controller()
export class Guard {
  can (request: Request): boolean {
    const cert = (request.socket as TLSSocket).getPeerCertificate()!
    return (cert as any).subject.CN === 'a'
  }
}
export const auth = clientCertificateAuth(async function (certificate: Cert) { return certificate.subject.OU === 'b' })
const f = (cert: string) => { const cert2 = other(); { return cert2.subject.CN === 'no' } }
`
  const found = await find(t, typed, 'guard.ts')
  t.same(found.map(({ line, proposals }) => [line, proposals]), [[7, [{ rule: { cn: 'a' } }]], [11, [{ rule: { ou: 'b' } }]]])
  t.equal((await find(t, 'const a = (req) => <b>{req.socket.authorized}</b>', 'view.jsx')).length, 1)
  t.equal((await find(t, 'const a = (req: any) => <b>{req.socket.authorized}</b>', 'view.tsx')).length, 1)
})

test('the text names file, line, weakness and rule, and the exit code tells whether something was found', async (t) => {
  const file = folder(t, {
    'src/auth.js': "const f = (req) => req.socket.getPeerCertificate().subject.CN === 'it\\'s'\n",
    'src/deep/plain.mts': 'export const a = 1\n',
    'src/node_modules/x/index.js': 'req.socket.authorized',
    'src/.cache/index.js': 'req.socket.authorized',
    'src/types.d.ts': 'declare const a: string',
    'src/notes.txt': 'req.socket.authorized'
  })
  const { code, out, err } = await peerkitHere('migrate', file('src'))
  t.same([code, err], [1, ''])
  t.match(out, /auth\.js:1:31 {2}leaf_read {2}getPeerCertificate\(\)\n {2}does {5}reads[^]*\n {2}weak {5}[^]*\n {2}instead {2}[^]*\n {2}rule {5}allowedClients: \{ cn: 'it\\'s' \}\n\n1 found; 2 files read\n$/)
  t.match(await peerkitHere('migrate', file('src/deep')), { code: 0, out: 'nothing found; 1 file read\n' })
  t.match(await peerkitHere('migrate', file('src'), file('src/auth.js')), { code: 1, out: /1 found; 2 files read/ }, 'a file is read once')
})

test('what cannot be read is named, and the rest is listed', async (t) => {
  const file = folder(t, { 'src/a.js': 'const f = (req) => req.socket.authorized', 'src/b.js': 'const = 1' })
  t.match(await peerkitHere('migrate', file('src')), { code: 2, out: /^[^]*authorized[^]*\nnot read: .*b\.js: .*\(1:6\).*; expected JavaScript or TypeScript\n1 found; 2 files read/ })
  const { files, findings, unreadable } = JSON.parse((await peerkitHere('migrate', file('src'), '--json')).out)
  t.same([files, findings.length, unreadable.length], [2, 1, 1])
  t.match(await peerkit('migrate', file('none.js')), { code: 2, err: /FILE .*none\.js: found no such file; expected a source file or a folder/ })
  t.match(await peerkit('migrate'), { code: 2, err: /FILE is missing; peerkit migrate requires it/ })
  t.match(await peerkit('migrate', file('src'), '--write'), { code: 2, err: /unknown option --write for peerkit migrate/ })
})
