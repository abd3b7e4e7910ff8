import { test } from 'tap'
import { ca, files, other, probe, serve, withOwn } from './support/probe-world.ts'

test('a server that requires a certificate: what it asks for, how it answers without one and with ours, versions, ' +
  'resumption', async (t) => {
  const { at, paths } = await serve(t, { requestCert: true, rejectUnauthorized: true })
  const file = files(t)
  const { code, out, err } = await probe(file, at, ...withOwn(file))
  t.same([code, err], [0, ''])
  for (const line of [/trusted +yes, by --ca/, /TLS 1\.3 +TLS_AES_\w+, http\/1\.1\n/,
    /TLS 1\.2 +TLS_ECDHE_\w+, http\/1\.1\n/, /client certificate +requested\n/, /accepted CAs +CN=Peerkit/,
    /own certificate +CN=orders .*; the server names its CA\n/,
    /without a certificate +refused.*(alert 116 certificate_required|closed the connection)/,
    /with own certificate +HTTP 200 CODE_200\n/, /resumption +yes; then HTTP 200/]) t.match(out, line)
  t.same(new Set(paths), new Set(['/health?deep=1']))
  const none = await probe(file, at, '--json')
  t.equal(none.code, 1)
  t.match(JSON.parse(none.out), {
    accepted: false,
    server: { trusted: true, asksForCertificate: true, acceptedCas: [/Peerkit/] },
    withoutCertificate: { answer: { failure: String } },
    versions: [{ spoken: true }, { spoken: true, failure: /alert 40/ }]
  })
})

test('TLS 1.2 alone: the request for a certificate is read although the handshake fails', async (t) => {
  const { at } = await serve(t, { requestCert: true, rejectUnauthorized: true, maxVersion: 'TLSv1.2' })
  const file = files(t)
  const none = await probe(file, at)
  t.equal(none.code, 1)
  for (const line of [
    /trusted +unknown/, /TLS 1\.3 +no: alert 70/, /TLS 1\.2 +supported, but: alert 40/, /client certificate +requested/,
    /accepted CAs +CN=Peerkit/, /without a certificate +refused: alert 40/
  ]) t.match(none.out, line)
  const own = await probe(file, at, ...withOwn(file))
  t.equal(own.code, 0)
  for (const line of [
    /trusted +yes/, /client certificate +requested/, /with own certificate +HTTP 200/, /resumption +yes/
  ]) t.match(own.out, line)
})

for (const [ciphers, suite] of [
  ['TLS_AES_128_GCM_SHA256', 'AES 128'], ['TLS_AES_256_GCM_SHA384', 'AES 256'],
  ['TLS_CHACHA20_POLY1305_SHA256', 'ChaCha20']
]) {
  test(`in TLS 1.3 the request is read under ${suite}, also after a retried hello`, async (t) => {
    // No client offers a key share for P-521 unasked: the server sends a HelloRetryRequest.
    const { at } = await serve(t, {
      requestCert: true,
      rejectUnauthorized: false,
      ca: [ca.root, other.root],
      minVersion: 'TLSv1.3',
      ciphers,
      ecdhCurve: 'P-521'
    })
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
  t.match(await probe(file, plain.at), { code: 0, out: /client certificate +not requested\n/ })
  const strict = await serve(t, { requestCert: true, rejectUnauthorized: true, ca: other.root })
  const { code, out } = await probe(file, strict.at, ...withOwn(file))
  t.equal(code, 1)
  t.match(out, /own certificate +CN=orders.*; the server does not name its CA/)
  t.match(out, /with own certificate +refused/)
  t.match(out, /resumption +not tried/)
})

test('401 and 403 are refusals and are shown with their code, other statuses are not', async (t) => {
  const file = files(t)
  for (const [status, code] of [[401, 1], [403, 1], [404, 0], [503, 0]] as const) {
    const { at } = await serve(t, { requestCert: true, rejectUnauthorized: false }, status)
    const run = await probe(file, at, ...withOwn(file))
    t.equal(run.code, code)
    t.match(
      run.out, new RegExp(`with own certificate +${code === 1 ? 'refused: ' : ''}HTTP ${status} CODE_${status}\n`)
    )
  }
})
