import { createPrivateKey, constants, X509Certificate } from 'node:crypto'
import { createSecureServer } from 'node:http2'
import { createServer } from 'node:https'
import { createServer as createTcp } from 'node:net'
import { test } from 'tap'
import { folder } from './support/folder.ts'
import { peerkit, peerkitHere } from './support/peerkit.ts'
import type { Run } from './support/peerkit.ts'
import { ca, client, files, other, probe, serve, server, withOwn } from './support/probe-world.ts'
import { listen } from './support/servers.ts'
import { holdTimeLimits } from './support/time-limits.ts'

test('a server that is not trusted sees neither our certificate nor a request, unless told so', async (t) => {
  const file = files(t)
  const { at, seen, paths } = await serve(t, { requestCert: true, rejectUnauthorized: false })
  const run = await peerkit('probe', at, '--ca', file('other.pem'), ...withOwn(file))
  t.equal(run.code, 1)
  t.match(run.out, /trusted +no, by --ca/)
  t.match(run.out, /with own certificate +not sent/)
  t.match(run.out, /without a certificate +the handshake succeeds; no request was sent/)
  t.same([new Set(seen), paths], [new Set(['undefined']), []])
  const insecure = await peerkit('probe', at, '--ca', file('other.pem'), ...withOwn(file), '--insecure')
  t.equal(insecure.code, 1, 'answered, but by whom?')
  t.match(insecure.out, /with own certificate +HTTP 200/)
  t.ok(seen.includes('orders'))
})

test('HTTP/2 alone is spoken', async (t) => {
  const h2 = createSecureServer(
    { key: server.key, cert: server.chain, ca: ca.root, requestCert: true, rejectUnauthorized: true },
    (_request, response) => { response.end('ok') }
  )
  const at = await listen(t, h2)
  const file = files(t)
  const { code, out } = await probe(file, at, ...withOwn(file))
  t.equal(code, 0)
  t.match(out, /TLS 1\.3 +\w+, h2\n/)
  t.match(out, /with own certificate +HTTP 200\n/)
  t.match(out, /without a certificate +refused/)
  t.match(
    await probe(file, at, '--alpn', 'http/1.0'), { code: 1, out: /alert 120 no_application_protocol.*try --alpn/ }
  )
})

test('a server that gives no session is not resumed', async (t) => {
  const { at } = await serve(t, { maxVersion: 'TLSv1.2', secureOptions: constants.SSL_OP_NO_TICKET })
  t.match(await probe(files(t), at), { code: 0, out: /resumption +no: the server issues no session/ })
})

test('a server that never answers the request ends the probe with 1', async (t) => {
  const { expire } = holdTimeLimits(t)
  const at = await listen(t, createServer({ key: server.key, cert: server.chain }, expire))
  const run = await peerkitHere('probe', `https://${at}/`, '--ca', files(t)('ca.pem'))
  t.match(run, { code: 1, out: /without a certificate +refused after the handshake: no answer in time/ })
})

test('a server that never answers the handshake ends the probe with 1', async (t) => {
  const { expire } = holdTimeLimits(t)
  const at = await listen(t, createTcp((socket) => { socket.once('data', expire) }))
  const run = await peerkitHere('probe', `https://${at}/`, '--ca', files(t)('ca.pem'))
  t.match(run, { code: 1, out: /the handshake took too long/ })
})

test('a port on which nobody listens ends the probe with 1', async (t) => {
  const file = files(t)
  const closed = createTcp()
  const nobody = await listen(t, closed)
  await new Promise((resolve) => { closed.close(resolve) })
  t.match(await probe(file, nobody), { code: 1, out: /not reached +no server listens on this port/ })
})

test('an encrypted key is opened with its passphrase, and shown nowhere', async (t) => {
  const { at } = await serve(t, { requestCert: true, rejectUnauthorized: true })
  const key = createPrivateKey(client.key)
    .export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'correct horse' })
    .toString()
  const file = folder(
    t, { 'ca.pem': ca.root, 'me.pem': client.chain, 'me.key': key, right: 'correct horse\n', wrong: 'battery' }
  )
  const run = (...args: string[]): Promise<Run> => probe(file, at, ...withOwn(file), ...args)
  const { code, out, err } = await run('--passphrase-file', file('right'))
  t.equal(code, 0)
  t.notMatch(out + err, /correct horse|PRIVATE/)
  t.match(await run(), { code: 2, err: /--key .*it is encrypted; use --passphrase-file/ })
  t.match(await run('--passphrase-file', file('wrong')), { code: 2, err: /--key .*passphrase does not match/ })
})

test('a wrong command line ends with 2 before anything is sent', async (t) => {
  const { at, seen } = await serve(t, { requestCert: true, rejectUnauthorized: false })
  const file = folder(t, {
    'me.pem': client.chain,
    'me.key': client.key,
    'other.key': server.key,
    'junk.key': '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n',
    'junk.txt': 'x'
  })
  const wrong: ReadonlyArray<readonly [readonly string[], RegExp]> = [
    [[], /URL is missing; peerkit probe requires it: https/],
    [['http://plain.example/'], /found "http:\/\/plain\.example\/"; expected https/],
    [['https://[::1'], /expected https/],
    [
      [at, '--cert', file('me.key'), '--key', file('me.key')],
      /--cert .*found a private key, which is not shown; expected a certificate/
    ],
    [
      [at, '--cert', file('me.pem'), '--key', file('me.pem')],
      /--key .*found a certificate; expected the private key of/
    ],
    [[at, '--cert', file('me.pem'), '--key', file('other.key')], /--key .*found the key of another certificate/],
    [[at, '--cert', file('me.pem'), '--key', file('junk.key')], /--key .*the key or the certificate is damaged/],
    [[at, '--cert', file('me.pem'), '--key', file('junk.txt')], /--key .*found no PEM private key/],
    [
      [at, '--cert', file('me.pem'), '--key', file('none')],
      /--key .*none: found no such file; expected a PEM private key/
    ],
    [[at, '--crt', 'x'], /unknown option --crt for peerkit probe; did you mean --cert\?/]
  ]
  for (const [args, message] of wrong) {
    const { code, out, err } = await peerkitHere('probe', ...args)
    t.same([code, out], [2, ''], args.join(' '))
    t.match(err, message)
    t.notMatch(err, /BEGIN/)
  }
  t.same(seen, [])
})

test('with --ca it says what is wrong with which certificate of the server, by the step that failed', async (t) => {
  const file = files(t)
  const plain = await serve(t, {})
  t.match(
    (await probe(file, plain.at)).out, /chain +accepted, through CN=Peerkit development CA.*; expires in [67] days\n/
  )
  const { out, code } = await peerkit('probe', plain.at, '--ca', file('other.pem'))
  const rootSerial = new X509Certificate(ca.root).serialNumber.toLowerCase()
  t.equal(code, 1)
  t.match(out, new RegExp(`chain +refused: unknown_ca, step unknown_ca: [^]*refused +.*serial number ${rootSerial}, SHA-256 [0-9a-f]{64}\n`))
  const json = await peerkit('probe', plain.at, '--ca', file('other.pem'), '--json')
  t.match(JSON.parse(json.out).server, {
    trusted: false, chain: { accepted: false, reason: 'unknown_ca', step: 'unknown_ca', certificate: { serialNumber: rootSerial }, remedy: String }
  })
  t.match(
    JSON.parse((await probe(file, plain.at, '--json')).out).server.chain,
    { accepted: true, path: [{ isAnchor: false }, { isAnchor: true }] }
  )
})

test('a server of TLS 1.2 whose chain is refused does not see our certificate, though its ' +
  'handshake fails', async (t) => {
  const { at, seen } = await serve(
    t, { requestCert: true, rejectUnauthorized: true, maxVersion: 'TLSv1.2', ca: [ca.root, other.root] }
  )
  const file = files(t)
  const { code, out } = await peerkit('probe', at, '--ca', file('other.pem'), ...withOwn(file))
  t.equal(code, 1)
  t.match(out, /trusted +no, by --ca .*: refused: unknown_ca/)
  t.match(out, /with own certificate +not sent/)
  t.same(seen, [])
})

test('a server that OpenSSL accepts and the plugins do not is not trusted', async (t) => {
  const extension = { oid: '1.2.3.4', value: Uint8Array.of(5, 0) }
  const odd = await ca.issue({
    profile: 'server', dns: 'localhost', ip: '127.0.0.1', extensions: [extension, extension]
  })
  const { at, paths } = await serve(t, { key: odd.key, cert: odd.chain })
  const { code, out } = await probe(files(t), at)
  t.equal(code, 1)
  t.match(out, /trusted +no, by --ca .*: refused: unreadable, step unreadable: /)
  t.same(paths, [], 'nothing is asked')
})
