import { createHash } from 'node:crypto'
import { test } from 'tap'
import { createForwardedReader } from '../src/index.ts'
import type { ChainValidator, ForwardedReaderOptions, ForwardedResult } from '../src/index.ts'
import { ca, client } from './support/people.ts'

const base64 = Buffer.from(client.der).toString('base64')
const pem = `-----BEGIN CERTIFICATE-----\n${base64}\n-----END CERTIFICATE-----\n`

function read (
  options: Omit<ForwardedReaderOptions, 'gateways'>, headers: Readonly<Record<string, string>>
): ForwardedResult {
  const reader = createForwardedReader({ ...options, gateways: { addresses: ['192.0.2.1'] } })
  const rawHeaders = Object.entries(headers).flat()
  return reader.read({ rawHeaders, sender: undefined, remoteAddress: '192.0.2.1' }) as ForwardedResult
}

test('cloudflare: a later request of a connection, which has no certificate, is told as such', (t) => {
  const verdict = { 'cf-cert-presented': 'true', 'cf-cert-verified': 'true', 'cf-cert-revoked': 'false' }
  t.match(read({ format: 'cloudflare' }, { ...verdict, 'cf-client-cert-der-base64': base64 }), { state: 'accepted' })
  t.match(read({ format: 'cloudflare' }, verdict), {
    state: 'refused', reason: 'certificate_missing', header: 'cf-client-cert-der-base64'
  })
  for (const certificate of [{}, { 'cf-client-cert-der-base64': base64 }]) {
    for (const revoked of ['true', 'TRUE', 'yes', 'unknown']) {
      t.match(read({ format: 'cloudflare' }, { ...verdict, 'cf-cert-revoked': revoked, ...certificate }), {
        state: 'refused', reason: 'not_verified', header: 'cf-cert-revoked'
      }, revoked)
    }
    t.match(read({ format: 'cloudflare' }, { ...verdict, 'cf-cert-verified': 'false', ...certificate }), {
      state: 'refused', reason: 'not_verified', header: 'cf-cert-verified'
    })
  }
  const { 'cf-cert-revoked': _revoked, ...half } = verdict
  for (const revoked of [{}, { 'cf-cert-revoked': '' }, { 'cf-cert-revoked': '0' }]) {
    t.match(read({ format: 'cloudflare' }, { ...half, ...revoked, 'cf-client-cert-der-base64': base64 }), {
      state: 'refused', reason: 'not_verified', header: 'cf-cert-revoked'
    }, 'a revoked certificate is verified, says Cloudflare')
  }
  const none = { 'cf-cert-presented': 'false', 'cf-cert-verified': 'false' }
  t.match(read({ format: 'cloudflare' }, none), { state: 'anonymous' })
  t.end()
})

test('aws-cloudfront: presence without the certificate, and the header of passthrough mode, are told as such', (t) => {
  const sent = { 'cloudfront-viewer-cert-pem': encodeURIComponent(pem) }
  const cloudfront = (headers: Readonly<Record<string, string>>): ForwardedResult => read({ format: 'aws-cloudfront' }, headers)
  t.match(cloudfront(sent), { state: 'accepted' }, 'the policy need not send the header about presence')
  t.match(cloudfront({ 'cloudfront-viewer-cert-present': '1' }), {
    state: 'refused', reason: 'certificate_missing', header: 'cloudfront-viewer-cert-pem'
  })
  t.match(cloudfront({ ...sent, 'cloudfront-viewer-cert-present': '0' }), { state: 'refused', reason: 'malformed' })
  t.match(cloudfront({ ...sent, 'cloudfront-viewer-cert-present': 'true' }), {
    state: 'refused', reason: 'not_verified', header: 'cloudfront-viewer-cert-present'
  })
  for (const passedThrough of ['client-cert', 'client-cert-chain']) {
    t.match(cloudfront({ ...sent, [passedThrough]: `:${base64}:` }), {
      state: 'refused', reason: 'other_format', header: passedThrough
    })
  }
  t.match(cloudfront({ 'cloudfront-viewer-cert-subject': 'CN=admin' }), { state: 'anonymous' }, 'names alone are nobody')
  t.end()
})

test('a gateway that verifies nothing needs the certificate, and a validator that accepts it', (t) => {
  const hash = createHash('sha256').update(client.der).digest('hex')
  const cert = encodeURIComponent(pem)
  const yes: ChainValidator = { validate: () => ({ valid: true, path: [ca.der], until: Infinity }) }
  const no: ChainValidator = { validate: () => ({ valid: false, reason: 'unknown_ca' }) }
  const apps = (xfcc: string, validator = yes): ForwardedResult =>
    read({ format: 'azure-container-apps', validator }, { 'x-forwarded-client-cert': xfcc })
  t.match(apps(`Hash=${hash};Cert="${cert}";Chain="${cert}"`), { state: 'accepted' })
  t.match(apps(`Hash=${hash};Cert="${cert}"`, no), { state: 'refused', reason: 'unknown_ca' }, 'self-signed, say')
  t.match(apps(`Hash=${hash};Subject="CN=admin";URI=spiffe://prod.example/admin`), { reason: 'certificate_missing' })
  t.match(apps(`Cert="${cert}",Cert="${cert}"`), { reason: 'hop_count' }, 'an element of the client beside that of the ingress')
  t.match(apps(`Hash=${'0'.repeat(64)};Cert="${cert}"`), { reason: 'malformed' })
  const passthrough = { format: 'aws-cloudfront-passthrough', validator: no } as const
  t.match(read(passthrough, { 'client-cert': `:${base64}:` }), { state: 'refused', reason: 'unknown_ca' })
  t.match(read(passthrough, { 'client-cert-chain': `:${base64}:` }), { state: 'refused', reason: 'malformed' })
  t.match(read(passthrough, { 'cloudfront-viewer-cert-pem': cert }), { state: 'anonymous' }, 'which mode is set decides')
  // A verdict that the client wrote itself, or that the gateway wrote, changes nothing.
  for (const verdict of [{}, { 'x-client-cert-verification': 'SUCCESS' }, { 'x-client-cert-verification': 'FAILED:x' }]) {
    const azure = (validator: ChainValidator): ForwardedResult =>
      read({ format: 'azure-application-gateway-passthrough', validator }, { 'x-client-cert': cert, ...verdict })
    t.match(azure(yes), { state: 'accepted' })
    t.match(azure(no), { state: 'refused', reason: 'unknown_ca' })
  }
  t.end()
})

test('rfc9440 with a verdict believes no certificate without it', (t) => {
  const options = { format: 'rfc9440', headers: { verified: 'Client-Cert-Verified' }, verifiedValue: 'true' } as const
  const certificate = { 'client-cert': `:${base64}:` }
  t.match(read(options, { ...certificate, 'client-cert-verified': 'true' }), { state: 'accepted' })
  for (const verdict of [{}, { 'client-cert-verified': '' }, { 'client-cert-verified': 'false' }, { 'client-cert-verified': 'True' }]) {
    t.match(read(options, { ...certificate, ...verdict }), {
      state: 'refused', reason: 'not_verified', header: 'client-cert-verified'
    }, JSON.stringify(verdict))
  }
  t.match(read(options, { 'client-cert-verified': 'false' }), { state: 'anonymous' }, 'no certificate is never verified')
  t.match(read(options, { 'client-cert-verified': 'true' }), {
    state: 'refused', reason: 'certificate_missing', header: 'client-cert'
  })
  const chain = { ...certificate, 'client-cert-chain': `:${Buffer.from(ca.der).toString('base64')}:`, 'client-cert-verified': 'true' }
  t.match(read(options, chain), { state: 'accepted', sent: [Buffer.from(ca.der)] })
  t.match(read(options, { ...chain, client_cert_verified: 'false' }), { state: 'refused', reason: 'alias_header' })
  for (const wrong of [{ ...options, verifiedValue: undefined }, { format: 'rfc9440', verifiedValue: 'true' }, { ...options, verifiedValue: '' }]) {
    t.throws(() => read(wrong as any, {}), { code: 'MTLS_ERR_FORWARDED_OPTION', message: /verifiedValue/ })
  }
  t.end()
})

test('traefik: names without the certificate are told as such; beside it they are not read', (t) => {
  const info = { 'x-forwarded-tls-client-cert-info': 'Subject%3D%22CN%3Dadmin%22' }
  t.match(read({ format: 'traefik' }, info), {
    state: 'refused', reason: 'certificate_missing', header: 'x-forwarded-tls-client-cert'
  })
  t.match(read({ format: 'traefik' }, { ...info, 'x-forwarded-tls-client-cert': base64 }), {
    state: 'accepted', identity: { subject: { commonName: 'billing' } }
  })
  t.end()
})

test('apache: a certificate that an expression has escaped is read', (t) => {
  for (const escaped of [encodeURIComponent(pem), pem.replaceAll('\n', '%0a'), pem.replaceAll('\n', ' ')]) {
    t.match(read({ format: 'apache' }, { 'ssl-client-cert': escaped, 'ssl-client-verify': 'SUCCESS' }), { state: 'accepted' })
  }
  t.match(read({ format: 'apache' }, { 'ssl-client-cert': encodeURIComponent(encodeURIComponent(pem)), 'ssl-client-verify': 'SUCCESS' }), { reason: 'malformed' })
  t.end()
})

test('haproxy: the header that is missing is the one that is named', (t) => {
  const certificate = { 'ssl-client-cert': base64 }
  t.match(read({ format: 'haproxy' }, { ...certificate, 'ssl-client-verify': '0' }), {
    reason: 'not_verified', header: 'ssl-client-used'
  })
  t.match(read({ format: 'haproxy' }, { ...certificate, 'ssl-client-used': '1' }), {
    reason: 'not_verified', header: 'ssl-client-verify'
  })
  t.match(read({ format: 'haproxy', headers: { present: 'x-used' } }, { ...certificate, 'x-used': '1', 'ssl-client-verify': '0' }), { state: 'accepted' })
  t.end()
})

test('xfcc: values without quotes are read where nothing in them can end them', (t) => {
  t.match(read({ format: 'xfcc' }, { 'x-forwarded-client-cert': `Cert=${encodeURIComponent(pem)}` }), { state: 'accepted' })
  t.match(read({ format: 'xfcc' }, { 'x-forwarded-client-cert': 'Subject=CN=billing;URI=' }), {
    state: 'accepted', identity: { subject: { commonName: 'billing' } }
  })
  t.match(read({ format: 'xfcc' }, { 'x-forwarded-client-cert': 'Subject=CN=billing,O=Example' }), {
    state: 'refused', reason: 'malformed', header: 'x-forwarded-client-cert'
  }, 'a comma begins the next element')
  t.end()
})

test('a verdict about a certificate that is not there: the certificate is missing', (t) => {
  for (const [options, headers, header] of [
    [{ format: 'haproxy' }, { 'ssl-client-used': '1', 'ssl-client-verify': '0' }, 'ssl-client-cert'],
    [{ format: 'nginx' }, { 'ssl-client-verify': 'SUCCESS' }, 'ssl-client-cert'],
    [{ format: 'apache' }, { 'ssl-client-verify': 'SUCCESS', 'ssl-client-cert': '(null)' }, 'ssl-client-cert'],
    [{ format: 'google-cloud' }, { 'x-client-cert-present': 'true', 'x-client-cert-chain-verified': 'true' }, 'x-client-cert-leaf']
  ] as const) {
    t.match(read(options, headers), { state: 'refused', reason: 'certificate_missing', header }, options.format)
  }
  t.match(read({ format: 'google-cloud' }, { 'x-client-cert-chain-verified': 'true', 'x-client-cert-leaf': `:${base64}:` }), {
    reason: 'not_verified', header: 'x-client-cert-present'
  })
  t.end()
})

test('the first header name is that of the certificate in the format of the reader', (t) => {
  const custom = { format: 'custom', headers: { verified: 'x-verdict', certificate: 'x-cert' }, encoding: 'base64-der', verifiedValue: 'yes' } as const
  for (const [options, header] of [[{ format: 'nginx' }, 'ssl-client-cert'], [{ format: 'haproxy' }, 'ssl-client-cert'], [custom, 'x-cert']] as const) {
    const { headerNames } = createForwardedReader({ ...options, gateways: { addresses: ['192.0.2.1'] } })
    t.equal(headerNames[0], header)
    t.equal(new Set(headerNames).size, headerNames.length)
  }
  t.end()
})

test('a certificate in another encoding than that of the format is told as such, and is not shown', (t) => {
  const size = (text: string): string => `(${text.length} characters)`
  const escaped = encodeURIComponent(pem)
  const names = 'CN=billing,O=Example'
  for (const [options, headers, detail] of [
    [{ format: 'nginx' }, { 'ssl-client-cert': base64, 'ssl-client-verify': 'SUCCESS' }, `found base64 ${size(base64)}; expected percent-encoded PEM`],
    [{ format: 'nginx' }, { 'ssl-client-cert': names, 'ssl-client-verify': 'SUCCESS' }, `found names ${size(names)}; expected percent-encoded PEM`],
    [{ format: 'nginx' }, { 'ssl-client-cert': escaped.slice(0, 300), 'ssl-client-verify': 'SUCCESS' }, 'found percent-encoded PEM (300 characters); expected percent-encoded PEM'],
    [{ format: 'caddy' }, { 'ssl-client-cert': escaped }, `found percent-encoded PEM ${size(escaped)}; expected base64 of DER`],
    [{ format: 'rfc9440' }, { 'client-cert': base64 }, `found base64 ${size(base64)}; expected a byte sequence, base64 between colons`],
    [{ format: 'haproxy' }, { 'ssl-client-cert': `:${base64}:`, 'ssl-client-used': '1', 'ssl-client-verify': '0' }, `found a byte sequence ${size(base64 + '::')}; expected base64 of DER`],
    [{ format: 'traefik' }, { 'x-forwarded-tls-client-cert': pem.replaceAll('\n', ' ') }, `found PEM ${size(pem)}; expected base64 of DER`],
    [{ format: 'caddy' }, { 'ssl-client-cert': 'ab'.repeat(16) + '!' }, 'found another text (33 characters); expected base64 of DER'],
    [{ format: 'custom', headers: { certificate: 'x-cert' }, encoding: 'pem-spaces', verification: 'gateway' }, { 'x-cert': escaped }, `found percent-encoded PEM ${size(escaped)}; expected PEM with spaces for newlines`]
  ] as const) {
    const result = read(options, headers)
    t.match(result, { state: 'refused', reason: 'malformed', detail }, options.format)
    t.notMatch(JSON.stringify(result), /billing|MII/)
  }
  t.end()
})
