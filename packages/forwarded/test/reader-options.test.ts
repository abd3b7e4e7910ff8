import { test } from 'tap'
import { createForwardedReader } from '../src/index.ts'

const gateways = { addresses: ['127.0.0.1'] }
const validator = { validate: () => ({ valid: false, reason: 'x' }) }
const custom = {
  format: 'custom', gateways, headers: { certificate: 'X-Cert' }, encoding: 'base64-der', verification: 'gateway'
}
const hopGateways = { authorize: () => ({ allowed: true }) }

test('refuses wrong options by name', async (t) => {
  for (const [options, message] of [
    [null, /options of createForwardedReader is null/],
    [{ format: 'rfc9440', gateways, maxHeader: 1 }, /unknown option "maxHeader" for createForwardedReader; did you mean "maxHeaderLength"/],
    [{ format: 'rfc9440', gateways, zzz: 1 }, /unknown option "zzz" for createForwardedReader; expected one of format, gateways/],
    [{ format: 'apach', gateways }, /format is "apach"; did you mean "apache"/],
    [{ gateways }, /format is missing; expected one of rfc9440/],
    [{ format: 'toString', gateways }, /format is "toString"/],
    [{ format: 'rfc9440' }, /gateways is missing; expected an object/],
    [{ format: 'rfc9440', gateways: null }, /gateways is null/],
    [{ format: 'rfc9440', gateways: {} }, /gateways is empty/],
    [{ format: 'rfc9440', gateways: { address: ['::1'] } }, /unknown option "address" for gateways; did you mean "addresses"/],
    [{ format: 'rfc9440', gateways: { addresses: '10.0.0.0/8' } }, /gateways.addresses is "10.0.0.0\/8"; expected a list/],
    [{ format: 'rfc9440', gateways: { identity: [{ spiffe: 'spiffe://x' }] } }, /gateways.identity is a list; expected an object with authorize/],
    [{ format: 'rfc9440', gateways: { unixSocket: 'yes' } }, /gateways.unixSocket is "yes"/],
    [{ format: 'rfc9440', gateways, maxChainLength: -1 }, /maxChainLength is -1/],
    [{ format: 'rfc9440', gateways, cacheSize: 1.5 }, /cacheSize is 1.5/],
    [{ format: 'rfc9440', gateways, onUntrusted: 'ignore' }, /onUntrusted is "ignore"; expected "refuse" or "strip"/],
    [{ format: 'rfc9440', gateways, withoutCertificate: 1 }, /withoutCertificate is 1/],
    [{ format: 'rfc9440', gateways, now: 5 }, /now is 5/],
    [{ format: 'rfc9440', gateways, ignoredHeaders: 'l5d-client-id' }, /ignoredHeaders is "l5d-client-id"; expected a list of header names/],
    [{ format: 'rfc9440', gateways, ignoredHeaders: ['L5d-Client-Id'] }, /in lower case/],
    [{ format: 'rfc9440', gateways, headers: { present: 'x' } }, /unknown option "present" for headers; expected one of certificate, chain/],
    [{ format: 'rfc9440', gateways, headers: { certificate: 'a b' } }, /headers.certificate is "a b"; expected a header name/],
    [{ format: 'rfc9440', gateways, headers: { certificate: 7 } }, /headers.certificate is 7/],
    [{ format: 'rfc9440', gateways, headers: 'x' }, /headers is "x"/],
    [
      { format: 'rfc9440', gateways, headers: { certificate: 'a_b', chain: 'A-B' } },
      /expected a different header for each role/
    ],
    [{ format: 'rfc9440', gateways, encoding: 'base64-der' }, /encoding is an option of format "custom"/],
    [{ format: 'rfc9440', gateways, trustedHops: 2 }, /are options of format "xfcc"/],
    [{ format: 'rfc9440', gateways, hopGateways }, /are options of format "xfcc"/],
    [{ format: 'xfcc', gateways, trustedHops: 0 }, /trustedHops is 0; expected a whole number of at least 1/],
    [{ format: 'xfcc', gateways, trustedHops: 2 }, /hopGateways is missing/],
    [{ format: 'xfcc', gateways, trustedHops: 2, hopGateways: {} }, /hopGateways is an object/],
    [
      { format: 'xfcc', gateways, trustedHops: 2, hopGateways, verification: 'in-process', validator },
      /verification is "in-process"/
    ],
    [{ format: 'nginx', gateways, verification: 'in-process' }, /validator is missing/],
    [{ format: 'nginx', gateways, verification: 'no' }, /verification is "no"/],
    [{ format: 'nginx', gateways, validator: {} }, /validator is an object without validate\(\); expected an object with validate/],
    [{ format: 'aws-alb-passthrough', gateways }, /validator is missing/],
    [
      { format: 'azure-app-service', gateways, verification: 'gateway', validator },
      /expected "in-process", since the gateway .* does not verify chains/
    ],
    ...(['azure-container-apps', 'azure-application-gateway-passthrough', 'aws-cloudfront-passthrough'] as const).flatMap((format) => [
      [{ format, gateways, verification: 'gateway', validator }, /expected "in-process"/] as const,
      [{ format, gateways }, /validator is missing/] as const
    ]),
    [{ ...custom, headers: {} }, /headers.certificate is missing/],
    [{ ...custom, headers: { certificate: 'x', present: 'y' } }, /unknown option "present" for headers/],
    [{ ...custom, encoding: 'pem' }, /encoding is "pem"; expected "byte-sequence", "base64-der"/],
    [{ ...custom, chainEncoding: 'pem' }, /chainEncoding is "pem"/],
    [{ ...custom, encoding: undefined }, /encoding is missing/],
    [{ ...custom, verifiedValue: 'yes' }, /are only useful together/],
    [{ ...custom, headers: { certificate: 'x', verified: 'y' } }, /are only useful together/],
    [{ ...custom, headers: { certificate: 'x', verified: 'y' }, verifiedValue: '' }, /verifiedValue is an empty string/],
    [{ ...custom, headers: { certificate: 'x', verified: 'y' }, verifiedValue: 'yes', noneValues: ['yes'] }, /noneValues is a list; expected/],
    [{ ...custom, verification: undefined }, /verification is missing/],
    [{ ...custom, verification: 'in-process' }, /validator is missing/]
  ] as const) {
    t.throws(
      () => createForwardedReader(options as any), { code: 'MTLS_ERR_FORWARDED_OPTION', message }, String(message)
    )
  }
})

test('names of headers are the operator\'s, and the format\'s own are then another format\'s', async (t) => {
  const reader = createForwardedReader({ format: 'nginx', gateways, headers: { certificate: 'X-Tls-Cert' } })
  t.ok(reader.headerNames.includes('x-tls-cert') && reader.headerNames.includes('ssl-client-verify'))
  t.ok(Object.isFrozen(reader) && Object.isFrozen(reader.headerNames))
  t.match(
    reader.read({ rawHeaders: ['ssl-client-cert', 'x'], sender: undefined, remoteAddress: '127.0.0.1' }),
    { state: 'refused', reason: 'other_format' }
  )
})

test('a caller\'s options are not changed, nor are later changes followed', async (t) => {
  const options = {
    format: 'rfc9440' as const, gateways: { addresses: ['127.0.0.1'] }, headers: { certificate: 'X-Cert' }
  }
  const before = structuredClone(options)
  const reader = createForwardedReader(options)
  t.same(options, before)
  options.gateways.addresses.push('192.0.2.1')
  options.headers.certificate = 'X-Other'
  t.match(
    reader.read({ rawHeaders: ['x-cert', 'x'], sender: undefined, remoteAddress: '192.0.2.1' }),
    { state: 'refused', reason: 'untrusted_sender' }
  )
})
