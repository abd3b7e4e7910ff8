import { test } from 'tap'
import { readPkcs11Uri } from '../../src/pkcs11/pkcs11-uri.ts'

test('a URI is written in one form', async (t) => {
  const cases: Array<[string, string]> = [
    ['pkcs11:token=ledger;object=tls', 'pkcs11:token=ledger;object=tls;type=private'],
    ['PKCS11:object=tls;type=private;token=ledger', 'pkcs11:token=ledger;object=tls;type=private'],
    ['pkcs11:serial=0a1b;id=%01%00%ff', 'pkcs11:serial=0a1b;id=%01%00%FF;type=private'],
    ['pkcs11:id=%41;object=tls;model=m;manufacturer=Ex%20Inc;serial=1;token=t', 'pkcs11:token=t;serial=1;manufacturer=Ex%20Inc;model=m;object=tls;id=A;type=private'],
    // The engine of OpenSSL would end a value at an ampersand.
    ['pkcs11:token=a&b;object=c=d', 'pkcs11:token=a%26b;object=c%3Dd;type=private'],
    ['pkcs11:token=M%C3%BCller;object=%3Bpin-value%3D1', 'pkcs11:token=M%C3%BCller;object=%3Bpin-value%3D1;type=private']
  ]
  for (const [given, text] of cases) t.equal(readPkcs11Uri(given, 'key.pkcs11').text, text)
  const { token, values } = readPkcs11Uri('pkcs11:object=tls;id=%01;token=a%20b', 'key.pkcs11')
  t.equal(token, 'token=a%20b')
  t.same([values.get('token')?.toString(), values.get('id')], ['a b', Buffer.from([1])])
})

test('a URI that the engine would read otherwise is refused', async (t) => {
  const cases: Array<[string, RegExp]> = [
    ['', /does not start with pkcs11:/],
    ['token=ledger;object=tls', /does not start with pkcs11:/],
    ['pkcs11:', /something that is no attribute/],
    ['pkcs11:object=tls', /a URI without a token; expected token=…, serial=…, or both/],
    ['pkcs11:token=ledger', /a URI without an object; expected object=…, id=%…, or both/],
    ['pkcs11:model=m;object=tls', /without a token/],
    ['pkcs11:token=ledger;token=other;object=tls', /two attributes token/],
    ['pkcs11:token=;object=tls', /an empty token/],
    ['pkcs11:token;object=tls', /an empty token/],
    ['pkcs11:token=my ledger;object=tls', /characters in token that must be encoded; expected a space as %20/],
    ['pkcs11:token=M\u00fcller;object=tls', /characters in token that must be encoded/],
    ['pkcs11:token=%2;object=tls', /characters in token that must be encoded/],
    ['pkcs11:token=a/b;object=tls', /characters in token that must be encoded/],
    ['pkcs11:token=a%00b;object=tls', /a zero octet in token/],
    [`pkcs11:token=${'a'.repeat(33)};object=tls`, /33 octets in token; expected at most 32/],
    [`pkcs11:token=a;id=${'%01'.repeat(101)}`, /101 octets in id; expected at most 100/],
    ['pkcs11:token=ledger;object=tls;type=cert', /another type; expected type=private/],
    ['pkcs11:token=ledger;object=tls;tpye=private', /the unknown attribute tpye/],
    ['pkcs11:token=ledger;object=tls;constructor=1', /the unknown attribute constructor/],
    ['pkcs11:token=ledger;object=tls;slot-id=1', /the attribute slot-id; expected a URI without it: the engine does not know it/],
    ['pkcs11:token=ledger;object=tls;library-description=x', /the attribute library-description/],
    ['pkcs11:token=ledger;object=tls?module-path=/x.so', /the attribute module-path; expected a URI without it: the path comes from the option module/],
    ['pkcs11:token=ledger;object=tls?x-vendor=1', /the unknown attribute x-vendor/],
    ['pkcs11:token=ledger;object=tls?', /something that is no attribute/]
  ]
  for (const [given, message] of cases) {
    t.throws(() => readPkcs11Uri(given, 'key.pkcs11'), { code: 'MTLS_ERR_CREDENTIALS_OPTION', message }, given)
    t.throws(() => readPkcs11Uri(given, 'key.pkcs11'), { message: /^Invalid credentials option: key\.pkcs11 is / })
  }
})

test('no error shows a PIN', async (t) => {
  const uris = [
    'pkcs11:token=ledger;object=tls?pin-value=S3cret', 'pkcs11:token=ledger;object=tls;pin-value=S3cret',
    'pkcs11:token=ledger;object=tls?pin-source=file:S3cret', 'pkcs11:token=ledger;object=tls?S3cret',
    'pkcs11:token=ledger;object=tls;S3cret', 'pkcs11:token=ledger;object=tls?pin-value=a&S3cret', 'S3cret'
  ]
  for (const uri of uris) {
    const error = t.throws(() => readPkcs11Uri(uri, 'key.pkcs11')) as Error
    t.notMatch(error.message, /S3cret/, uri)
  }
  t.throws(() => readPkcs11Uri(uris[0] as string, 'key.pkcs11'), { message: /without it: the PIN comes from the option pin/ })
})
