import { test } from 'tap'
import { createDevCa } from '@peerkit/dev-ca'
import { parsePeerIdentity } from '@peerkit/identity'
import { createForwardedReader } from '../src/index.ts'
import type { ForwardedResult } from '../src/index.ts'

const ca = await createDevCa()
const client = await ca.issue({ cn: 'billing', profile: 'client' })
const sender = parsePeerIdentity((await ca.issue({ cn: 'gateway' })).der)
const encode = (der: Uint8Array): string => `:${Buffer.from(der).toString('base64')}:`
const reader = createForwardedReader({
  format: 'rfc9440', gateways: { identity: { authorize: () => ({ allowed: true }) } }
})
const read = (...rawHeaders: string[]): ForwardedResult =>
  reader.read({ rawHeaders, sender, remoteAddress: '127.0.0.1' }) as ForwardedResult

test('without the headers a gateway speaks for nobody, and anyone else for himself', async (t) => {
  t.same(read('Host', 'x', 'Client-Certificate', 'y'), { state: 'anonymous' })
  const strict = createForwardedReader({ format: 'rfc9440', gateways: { addresses: ['192.0.2.1'] } })
  t.same(strict.read({ rawHeaders: ['Host', 'x'], sender, remoteAddress: '127.0.0.1' }), { state: 'absent' })
  const itself = createForwardedReader({
    format: 'rfc9440', gateways: { addresses: ['127.0.0.1'] }, withoutCertificate: 'gateway'
  })
  t.same(itself.read({ rawHeaders: ['Host', 'x'], sender, remoteAddress: '127.0.0.1' }), { state: 'absent' })
})

test('accepts the certificate that a trusted gateway passes on', async (t) => {
  const result = read('Client-Cert', encode(client.der), 'Client-Cert-Chain', encode(ca.der))
  t.equal(result.state, 'accepted')
  if (result.state !== 'accepted') return
  t.equal(result.identity.subject?.commonName, 'billing')
  t.equal(result.identity.source, 'forwarded')
  t.same(result.identity.via, [sender])
  t.same(result.sent, [Buffer.from(ca.der)], 'what the client sent beside it comes with the answer')
  t.equal(result.identity.chain, undefined, 'and is no chain, since nobody verified it')
})

test('bytes in the chain that are no certificate lead nowhere, and say nothing of the client', async (t) => {
  const result = read('Client-Cert', encode(client.der), 'Client-Cert-Chain', `:AQID:, ${encode(ca.der)}`)
  t.match(result, { state: 'accepted', identity: { subject: { commonName: 'billing' }, chain: undefined } })
  t.same(result.state === 'accepted' && result.sent, [Buffer.from([1, 2, 3]), Buffer.from(ca.der)])
})

test('refuses the header from anyone but a gateway, whatever it holds', async (t) => {
  const strict = createForwardedReader({ format: 'rfc9440', gateways: { addresses: ['192.0.2.1'] } })
  for (const name of ['Client-Cert', 'client-cert', 'CLIENT_CERT', 'Client_Cert-Chain', 'Client-Cert-Chain']) {
    const result = strict.read({ rawHeaders: [name, encode(client.der)], sender, remoteAddress: '127.0.0.1' })
    t.match(result, { state: 'refused', reason: 'untrusted_sender' }, name)
  }
})

test('refuses a second header, under whichever of its spellings', async (t) => {
  const value = encode(client.der)
  t.match(read('Client-Cert', value, 'client-cert', value), { state: 'refused', reason: 'duplicate_header' })
  t.match(
    read('Client-Cert', value, 'Client-Cert-Chain', encode(ca.der), 'client-cert-chain', encode(ca.der)),
    { state: 'refused', reason: 'duplicate_header', header: 'client-cert-chain' }
  )
})

test('refuses a header under another spelling, also where it stands alone', async (t) => {
  const value = encode(client.der)
  for (const name of ['Client_Cert', 'client_cert', 'Client.Cert', 'Client-Cert_Chain']) {
    t.match(read(name, value), { state: 'refused', reason: 'alias_header' }, name)
    t.match(read('Client-Cert', value, name, value), { state: 'refused', reason: 'alias_header' }, name)
  }
})

test('refuses what is malformed, unreadable or beyond the bounds', async (t) => {
  const value = encode(client.der)
  t.match(read('Client-Cert-Chain', encode(ca.der)), { state: 'refused', reason: 'malformed' })
  t.match(read('Client-Cert', value + ';x=1'), { state: 'refused', reason: 'malformed' })
  t.match(
    read('Client-Cert', value, 'Client-Cert-Chain', 'x'),
    { state: 'refused', reason: 'malformed', header: 'client-cert-chain' }
  )
  t.match(read('Client-Cert', ':AQID:'), { state: 'refused', reason: 'unreadable', header: 'client-cert' })
  t.match(
    read('Client-Cert', `:${'A'.repeat(20_000)}:`), { state: 'refused', reason: 'too_large', header: 'client-cert' }
  )
  t.match(
    read('Client-Cert', value, 'Client-Cert-Chain', `:${'A'.repeat(20_000)}:`),
    { state: 'refused', reason: 'too_large', header: 'client-cert-chain' }
  )
  t.match(
    read('Client-Cert', value, 'Client-Cert-Chain', Array(9).fill(':AQID:').join(', ')),
    { state: 'refused', reason: 'chain_too_long' }
  )
})

test('knows no gateway where the sender made no handshake of its own', async (t) => {
  const byAddress = createForwardedReader({ format: 'rfc9440', gateways: { addresses: ['127.0.0.1'] } })
  const result = byAddress.read({
    rawHeaders: ['Client-Cert', encode(client.der)], sender: undefined, remoteAddress: '127.0.0.1'
  })
  t.match(result, { state: 'accepted', identity: { via: [] } })
})

test('refuses wrong options by name', async (t) => {
  const gateways = { addresses: ['127.0.0.1'] }
  const make = (options: object): unknown => createForwardedReader(options as any)
  t.throws(
    () => make({ format: 'rfc9440', gateways, maxHeader: 1 }),
    { code: 'MTLS_ERR_FORWARDED_OPTION', message: /unknown option "maxHeader" for createForwardedReader/ }
  )
  t.throws(
    () => make({ format: 'apach', gateways }),
    { code: 'MTLS_ERR_FORWARDED_OPTION', message: /format is "apach"; did you mean "apache"/ }
  )
  t.throws(
    () => make({ format: 'rfc9440', gateways, maxChainLength: -1 }),
    { code: 'MTLS_ERR_FORWARDED_OPTION', message: /maxChainLength is -1/ }
  )
})

test('without options a header has at most 16,384 characters, and a chain at most eight certificates', async (t) => {
  const longest = `:${'A'.repeat(16_382)}:`
  t.match(read('Client-Cert', longest), { state: 'refused', reason: 'malformed' }, 'it is read')
  t.match(read('Client-Cert', `${longest} `), { state: 'refused', reason: 'too_large', header: 'client-cert' })
  // Certificates of an elliptic curve, so that nine of them are within the length of a header.
  const chainOf = (length: number): string => Array.from({ length }, () => encode(ca.der)).join(', ')
  t.ok(chainOf(9).length <= 16_384)
  t.match(read('Client-Cert', encode(client.der), 'Client-Cert-Chain', chainOf(8)), { state: 'accepted' })
  t.match(read('Client-Cert', encode(client.der), 'Client-Cert-Chain', chainOf(9)), { state: 'refused', reason: 'chain_too_long' })
})
