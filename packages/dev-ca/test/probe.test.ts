import { createPrivateKey, constants } from 'node:crypto'
import { createSecureServer } from 'node:http2'
import { createServer } from 'node:https'
import type { ServerOptions } from 'node:https'
import { createServer as createTcp } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { test } from 'tap'
import type { Test } from 'tap'
import { createDevCa } from '../src/index.ts'
import { folder } from './support/folder.ts'
import { peerkit, peerkitHere } from './support/peerkit.ts'
import type { Run } from './support/peerkit.ts'
import { listen } from './support/servers.ts'

const ca = await createDevCa()
const other = await createDevCa({ name: 'Other' })
const server = await ca.issue({ profile: 'server', dns: 'localhost', ip: '127.0.0.1' })
const client = await ca.issue({ profile: 'client', cn: 'orders' })

function files (t: Test): (name: string) => string {
  return folder(t, { 'ca.pem': ca.root, 'other.pem': other.root, 'me.pem': client.chain, 'me.key': client.key, 'server.key': server.key })
}

/** A server that says in JSON who called, and what it saw. */
async function serve (t: Test, options: ServerOptions, status = 200): Promise<{ at: string, seen: string[], paths: string[] }> {
  const seen: string[] = []
  const paths: string[] = []
  const https = createServer({ key: server.key, cert: server.chain, ca: ca.root, ...options }, ({ url = '' }, response) => {
    paths.push(url)
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ code: `CODE_${status}` }))
  })
  https.on('secureConnection', (socket: TLSSocket) => {
    seen.push(String(socket.getPeerCertificate().subject?.CN))
    socket.on('error', () => {})
  })
  return { at: await listen(t, https), seen, paths }
}

function probe (file: (name: string) => string, at: string, ...args: string[]): Promise<Run> {
  return peerkit('probe', `https://${at}/health?deep=1`, '--ca', file('ca.pem'), ...args)
}

function withOwn (file: (name: string) => string): string[] {
  return ['--cert', file('me.pem'), '--key', file('me.key')]
}

test('a server that requires a certificate: what it asks, what it makes of none and of ours, versions, resumption', async (t) => {
  const { at, paths } = await serve(t, { requestCert: true, rejectUnauthorized: true })
  const file = files(t)
  const { code, out, err } = await probe(file, at, ...withOwn(file))
  t.same([code, err], [0, ''])
  for (const line of [/trusted +yes, by --ca/, /TLS 1\.3 +TLS_AES_\w+, http\/1\.1\n/, /TLS 1\.2 +TLS_ECDHE_\w+, http\/1\.1\n/, /client certificate +asked for\n/, /accepted CAs +CN=Peerkit/, /ours +CN=orders .*; the server names its CA\n/,
    /without a certificate +refused.*(alert 116 certificate_required|closed the connection)/, /with ours +HTTP 200 CODE_200\n/, /resumption +yes; over it: HTTP 200/]) t.match(out, line)
  t.same(new Set(paths), new Set(['/health?deep=1']))
  const none = await probe(file, at, '--json')
  t.equal(none.code, 1)
  t.match(JSON.parse(none.out), { accepted: false, server: { trusted: true, asksForCertificate: true, acceptedCas: [/Peerkit/] }, withoutCertificate: { answer: { failure: String } }, versions: [{ spoken: true }, { spoken: true, failure: /alert 40/ }] })
})

test('TLS 1.2 alone: the request for a certificate is read although the handshake fails', async (t) => {
  const { at } = await serve(t, { requestCert: true, rejectUnauthorized: true, maxVersion: 'TLSv1.2' })
  const file = files(t)
  const none = await probe(file, at)
  t.equal(none.code, 1)
  for (const line of [/trusted +cannot be told/, /TLS 1\.3 +no: alert 70/, /TLS 1\.2 +spoken, but: alert 40/, /client certificate +asked for/, /accepted CAs +CN=Peerkit/, /without a certificate +refused: alert 40/]) t.match(none.out, line)
  const own = await probe(file, at, ...withOwn(file))
  t.equal(own.code, 0)
  for (const line of [/trusted +yes/, /client certificate +asked for/, /with ours +HTTP 200/, /resumption +yes/]) t.match(own.out, line)
})

for (const [ciphers, suite] of [['TLS_AES_128_GCM_SHA256', 'AES 128'], ['TLS_AES_256_GCM_SHA384', 'AES 256'], ['TLS_CHACHA20_POLY1305_SHA256', 'ChaCha20']]) {
  test(`in TLS 1.3 the request is read under ${suite}, also after a retried hello`, async (t) => {
    // No client offers a key share for P-521 unasked: the server sends a HelloRetryRequest.
    const { at } = await serve(t, { requestCert: true, rejectUnauthorized: false, ca: [ca.root, other.root], minVersion: 'TLSv1.3', ciphers, ecdhCurve: 'P-521' })
    const file = files(t)
    const { code, out } = await probe(file, at)
    t.equal(code, 0)
    t.match(out, new RegExp(`TLS 1\\.3 +${ciphers}`))
    t.match(out, /TLS 1\.2 +no: alert 70/)
    t.match(out, /accepted CAs +CN=Peerkit.*\n +CN=Other/)
    t.match(out, /without a certificate +HTTP 200/)
  })
}

test('a server that asks for nothing, and one that does not name our CA', async (t) => {
  const file = files(t)
  const plain = await serve(t, {})
  t.match(await probe(file, plain.at), { code: 0, out: /client certificate +not asked for\n/ })
  const strict = await serve(t, { requestCert: true, rejectUnauthorized: true, ca: other.root })
  const { code, out } = await probe(file, strict.at, ...withOwn(file))
  t.equal(code, 1)
  t.match(out, /ours +CN=orders.*; the server does not name its CA/)
  t.match(out, /with ours +refused/)
  t.match(out, /resumption +not tried/)
})

test('401 and 403 are refusals and are shown with their code, other statuses are not', async (t) => {
  const file = files(t)
  for (const [status, code] of [[401, 1], [403, 1], [404, 0], [503, 0]] as const) {
    const { at } = await serve(t, { requestCert: true, rejectUnauthorized: false }, status)
    const run = await probe(file, at, ...withOwn(file))
    t.equal(run.code, code)
    t.match(run.out, new RegExp(`with ours +${code === 1 ? 'refused: ' : ''}HTTP ${status} CODE_${status}\n`))
  }
})

test('a server that is not trusted sees neither our certificate nor a request, unless told so', async (t) => {
  const file = files(t)
  const { at, seen, paths } = await serve(t, { requestCert: true, rejectUnauthorized: false })
  const run = await peerkit('probe', at, '--ca', file('other.pem'), ...withOwn(file))
  t.equal(run.code, 1)
  t.match(run.out, /trusted +no, by --ca/)
  t.match(run.out, /with ours +not presented/)
  t.match(run.out, /without a certificate +the handshake succeeds; nothing was asked/)
  t.same([new Set(seen), paths], [new Set(['undefined']), []])
  const insecure = await peerkit('probe', at, '--ca', file('other.pem'), ...withOwn(file), '--insecure')
  t.equal(insecure.code, 1, 'answered, but by whom?')
  t.match(insecure.out, /with ours +HTTP 200/)
  t.ok(seen.includes('orders'))
})

test('HTTP/2 alone is spoken', async (t) => {
  const h2 = createSecureServer({ key: server.key, cert: server.chain, ca: ca.root, requestCert: true, rejectUnauthorized: true }, (_request, response) => { response.end('ok') })
  const at = await listen(t, h2)
  const file = files(t)
  const { code, out } = await probe(file, at, ...withOwn(file))
  t.equal(code, 0)
  t.match(out, /TLS 1\.3 +\w+, h2\n/)
  t.match(out, /with ours +HTTP 200\n/)
  t.match(out, /without a certificate +refused/)
  t.match(await probe(file, at, '--alpn', 'http/1.0'), { code: 1, out: /alert 120 no_application_protocol.*try --alpn/ })
})

test('a server that gives no session is not resumed', async (t) => {
  const { at } = await serve(t, { maxVersion: 'TLSv1.2', secureOptions: constants.SSL_OP_NO_TICKET })
  t.match(await probe(files(t), at), { code: 0, out: /resumption +no: the server gives no session/ })
})

test('a server that stalls after the handshake, one that stalls before it and one that is not there end with 1', async (t) => {
  const file = files(t)
  const stalling = await listen(t, createServer({ key: server.key, cert: server.chain }, () => {}))
  t.match(await probe(file, stalling, '--timeout', '1s'), { code: 1, out: /without a certificate +refused after the handshake: no answer came in time/ })
  const silent = await listen(t, createTcp(() => {}))
  t.match(await probe(file, silent, '--timeout', '1s'), { code: 1, out: /the handshake took too long/ })
  const closed = createTcp()
  const nobody = await listen(t, closed)
  await new Promise((resolve) => { closed.close(resolve) })
  t.match(await probe(file, nobody), { code: 1, out: /not reached +nothing listens there/ })
})

test('an encrypted key is opened with its passphrase, and shown nowhere', async (t) => {
  const { at } = await serve(t, { requestCert: true, rejectUnauthorized: true })
  const key = createPrivateKey(client.key).export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'correct horse' }).toString()
  const file = folder(t, { 'ca.pem': ca.root, 'me.pem': client.chain, 'me.key': key, right: 'correct horse\n', wrong: 'battery' })
  const run = (...args: string[]): Promise<Run> => probe(file, at, ...withOwn(file), ...args)
  const { code, out, err } = await run('--passphrase-file', file('right'))
  t.equal(code, 0)
  t.notMatch(out + err, /correct horse|PRIVATE/)
  t.match(await run(), { code: 2, err: /--key .*it is encrypted; give --passphrase-file/ })
  t.match(await run('--passphrase-file', file('wrong')), { code: 2, err: /--key .*cannot be read with this passphrase/ })
})

test('a wrong command line ends with 2 before anything is sent', async (t) => {
  const { at, seen } = await serve(t, { requestCert: true, rejectUnauthorized: false })
  const file = folder(t, { 'me.pem': client.chain, 'me.key': client.key, 'other.key': server.key, 'junk.key': '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n', 'junk.txt': 'x' })
  const wrong: ReadonlyArray<readonly [readonly string[], RegExp]> = [
    [[], /URL is missing; peerkit probe needs it: https/],
    [['http://plain.example/'], /found "http:\/\/plain\.example\/"; expected https/],
    [['https://[::1'], /expected https/],
    [[at, '--cert', file('me.key'), '--key', file('me.key')], /--cert .*found a private key, of which nothing is shown; expected a certificate/],
    [[at, '--cert', file('me.pem'), '--key', file('me.pem')], /--key .*found a certificate; expected the private key of/],
    [[at, '--cert', file('me.pem'), '--key', file('other.key')], /--key .*found the key of another certificate/],
    [[at, '--cert', file('me.pem'), '--key', file('junk.key')], /--key .*the key or the certificate is damaged/],
    [[at, '--cert', file('me.pem'), '--key', file('junk.txt')], /--key .*found no PEM private key/],
    [[at, '--cert', file('me.pem'), '--key', file('none')], /--key .*ENOENT; expected a PEM private key/],
    [[at, '--crt', 'x'], /unknown option --crt \(did you mean --cert\?\)/]
  ]
  for (const [args, message] of wrong) {
    const { code, out, err } = await peerkitHere('probe', ...args)
    t.same([code, out], [2, ''], args.join(' '))
    t.match(err, message)
    t.notMatch(err, /BEGIN/)
  }
  t.same(seen, [])
})
