import { test } from 'tap'
import { createForwardedReader } from '../src/index.ts'

test('a range that is every address, or is written with an address inside of it, is refused', async (t) => {
  const make = (address: string) => () => createForwardedReader({ format: 'rfc9440', gateways: { addresses: ['10.1.2.3', address] } })
  for (const [address, message] of [
    ['0.0.0.0/0', /gateways\.addresses\[1\] is "0\.0\.0\.0\/0": a prefix of 0 is every IPv4 address, and no IPv6 address; expected the addresses of the gateways/],
    ['::/0', /a prefix of 0 is every IPv6 address, and no IPv4 address/],
    ['10.0.0.1/8', /is "10\.0\.0\.1\/8": the address has bits set behind the prefix; expected the first address of the range, or "10\.0\.0\.1" alone/],
    ['10.0.0.128/24', /bits set behind the prefix/],
    ['2001:db8::1/64', /bits set behind the prefix/],
    ['::ffff:0:0/96', /is "::ffff:0:0\/96": it has every IPv4 address in it/],
    ['::ffff:0:0/95', /every IPv4 address in it|bits set behind the prefix/],
    ['-----BEGIN PRIVATE KEY-----\nAAAA', /addresses\[1\] is PEM text; expected an IP address or a CIDR range/],
    ['::/80', /every IPv4 address in it/],
    ['::/1', /every IPv4 address in it/]
  ] as const) t.throws(make(address), { code: 'MTLS_ERR_FORWARDED_OPTION', message })
  for (const address of ['10.0.0.0/8', '10.128.0.0/9', '10.0.0.1/32', '2001:db8::/33', '::1/128', '::/81', '::ffff:10.0.0.0/104', '::ffff:0:0/97', '2000::/3']) t.doesNotThrow(make(address), address)
})

test('ranges that are every IPv4 address together are refused, in any order and notation', async (t) => {
  const make = (...addresses: string[]) => () => createForwardedReader({ format: 'rfc9440', gateways: { addresses } })
  for (const addresses of [
    ['0.0.0.0/1', '128.0.0.0/1'], ['128.0.0.0/1', '10.1.2.3', '0.0.0.0/1'], ['0.0.0.0/1', '::ffff:128.0.0.0/97'],
    ['192.0.0.0/2', '0.0.0.0/1', '64.0.0.0/2', '128.0.0.0/2']
  ]) {
    t.throws(make(...addresses), {
      code: 'MTLS_ERR_FORWARDED_OPTION',
      message: `Invalid forwarded option: gateways.addresses is ${addresses.join(', ')}: together they are every IPv4 address; expected the addresses of the gateways: whoever has one may speak for any client`
    })
  }
  for (const addresses of [['0.0.0.0/1', '128.0.0.0/2'], ['128.0.0.0/1', '64.0.0.0/2'], ['0.0.0.0/1', '8000::/1'], ['0.0.0.0/1', '0.0.0.0/1']]) {
    t.doesNotThrow(make(...addresses), addresses.join(', '))
  }
})
