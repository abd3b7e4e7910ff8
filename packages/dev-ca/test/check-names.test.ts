import { parsePeerIdentity } from '@peerkit/identity'
import { test } from 'tap'
import { createDevCa } from '../src/create-dev-ca.ts'
import type { IssueOptions } from '../src/options.ts'

const ca = await createDevCa()

test('names outside of ASCII become A-labels', async (t) => {
  const { der } = await ca.issue({ dns: ['bücher.example', '*.bücher.example', 'faß.example', '例え。テスト'], email: 'post@bücher.example' })
  const { subjectAltNames: names } = parsePeerIdentity(der)
  t.same(names?.dns, ['xn--bcher-kva.example', '*.xn--bcher-kva.example', 'xn--fa-hia.example', 'xn--r8jz45g.xn--zckzah'])
  t.same(names?.email, ['post@xn--bcher-kva.example'])
})

test('a URI outside of ASCII is mapped as RFC 3987 says', async (t) => {
  const { der } = await ca.issue({ uri: ['https://bücher.example/ä', 'urn:example:ö'] })
  t.same(parsePeerIdentity(der).subjectAltNames?.uri, ['https://xn--bcher-kva.example/%C3%A4', 'urn:example:%C3%B6'])
})

test('names that are names stay as they are', async (t) => {
  const dns = ['localhost', '*.example', 'my_svc.ns', 'Orders.Example', 'a1.b2', `${'a'.repeat(63)}.example`]
  const uri = ['https://a.example', 'https://a.example/?q=1#f', 'urn:example:a', 'http://[::1]:8080/x', 'spiffe://td.example/a']
  const email = ['a.b+c@example.com', 'root@localhost']
  const { subjectAltNames: names } = parsePeerIdentity((await ca.issue({ dns, uri, email })).der)
  t.same([names?.dns, names?.uri, names?.email], [dns, uri, email])
})

test('what is no name is refused, and the message says what was found and what takes it', async (t) => {
  const wrong: ReadonlyArray<readonly [IssueOptions, RegExp]> = [
    [{ dns: '127.0.0.1' }, /dns is "127\.0\.0\.1": found an IP address; expected a DNS name .*; option ip takes it/],
    [{ dns: '127。0。0。1' }, /found an IP address/],
    [{ dns: ['ok.example', '127.1'] }, /dns is "127\.1": found an IP address, or a name that ends in a number/],
    [{ dns: 'a.0x7f' }, /ends in a number/],
    [{ dns: '::1' }, /found an IP address/],
    [{ dns: '[::1]' }, /found an IP address/],
    [{ dns: 'https://a.example' }, /found a URL; .*option uri takes a URL/],
    [{ dns: 'a,b' }, /dns is "a,b": found a separator; .*give each name by itself/],
    [{ dns: 'a b' }, /found a separator/],
    [{ dns: 'a.example:8443' }, /found a name with a port/],
    [{ dns: 'a.example.' }, /found a name that ends in a dot/],
    [{ dns: '' }, /dns is "": found no DNS name/],
    [{ dns: '\u00ad' }, /found no DNS name/],
    [{ dns: 'a..b' }, /found no DNS name/],
    [{ dns: '-a.example' }, /found no DNS name/],
    [{ dns: 'a.*.example' }, /found no DNS name/],
    [{ dns: '*' }, /found no DNS name/],
    [{ dns: 'ü%62.example' }, /found no DNS name/],
    [{ dns: 'a\0.example' }, /found no DNS name/],
    [{ dns: 'ab.'.repeat(90) + 'example' }, /found no DNS name/],
    [{ dns: `${'a'.repeat(64)}.example` }, /found no DNS name/],
    [{ spiffe: 'https://td.example/a' }, /spiffe is "https:.*": found no SPIFFE ID \(expected "spiffe:/],
    [{ spiffe: 'spiffe://td.example/a/' }, /found no SPIFFE ID \(the path ends in a slash\); expected one such as/],
    [{ uri: 'SPIFFE://td.example/a' }, /uri is .*found no SPIFFE ID/],
    [{ uri: 'spiffe://TD.example/a' }, /found no SPIFFE ID \("T" in the trust domain/],
    [{ uri: 'orders' }, /uri is "orders": found no absolute URI; expected one such as/],
    [{ uri: 'https://a b/' }, /found no absolute URI/],
    [{ uri: 'https://' }, /found no absolute URI/],
    [{ uri: 'https://a.example:99999/' }, /found no absolute URI/],
    [{ uri: 'urn:\ud800' }, /found no absolute URI/],
    [{ email: 'orders' }, /email is "orders": found no e-mail address/],
    [{ email: '@example.com' }, /found no e-mail address/],
    [{ email: 'a@b@example.com' }, /found no e-mail address/],
    [{ email: 'a@*.example' }, /found no e-mail address/],
    [{ email: 'ä@example.com' }, /found a local part outside of ASCII, which rfc822Name cannot encode/],
    [{ email: 'a@127.0.0.1' }, /the host of email is "127\.0\.0\.1": found an IP address/],
    [{ cn: '' }, /cn is "": found nothing/],
    [{ ou: ['a', '\ud800'] }, /ou is .*: found half of a surrogate pair, which UTF-8 cannot encode/],
    [{ upn: '' }, /upn is "": found nothing/],
    [{ crlUrls: ['ca.crl'] }, /crlUrls is "ca\.crl": found no absolute URI/],
    [{ ocspUrls: ['x y'] }, /ocspUrls is "x y": found no absolute URI/]
  ]
  for (const [options, message] of wrong) {
    await t.rejects(ca.issue(options), { code: 'MTLS_ERR_DEV_CA_OPTION', message }, JSON.stringify(options))
  }
  await t.rejects(createDevCa({ name: '' }), { code: 'MTLS_ERR_DEV_CA_OPTION', message: /name is "": found nothing/ })
})

test('a long name is cut in the message', async (t) => {
  const error = await ca.issue({ dns: 'ä '.repeat(500) }).catch((reason: Error) => reason)
  t.ok((error as Error).message.length < 300)
})

test('checkNames: false encodes any text as it is', async (t) => {
  const { der } = await ca.issue({ dns: 'x\0.example', crlUrls: ['no url'], cn: '', checkNames: false })
  t.ok(Buffer.from(der).includes('x\0.example'))
  t.ok(Buffer.from(der).includes('no url'))
})
