import { createPublicKey, createSecretKey, generateKeyPairSync } from 'node:crypto'
import { test } from 'tap'
import { acmeIssuer } from '@peerkit/issuers/acme'
import { Agent } from 'undici'
import { ACCOUNT } from './support/world.ts'

const hook = { set () {}, remove () {} }
const GOOD = { directory: 'https://acme.example/directory', names: { dns: ['ledger.example'] }, account: ACCOUNT, challenges: { dns01: hook } }
const HMAC = 'c2VjcmV0LXNlY3JldC1zZWNyZXQ'

function refusal (more: object): string {
  try {
    acmeIssuer({ ...GOOD, ...more } as never)
  } catch (error) {
    const { code, message } = error as Error & { code: string }
    return code === 'MTLS_ERR_ISSUER_OPTION' ? message : `${code}: ${message}`
  }
  return 'it was accepted'
}

test('what is accepted', async (t) => {
  const accepted = [
    {}, { directory: 'http://127.0.0.1:4000/x' }, { directory: 'http://localhost/' }, { directory: 'http://[::1]/' }, { profile: 'shortlived' }, { names: { cn: 'a.example', dns: ['a.example'] } },
    { names: { ip: ['192.0.2.7'] } }, { names: { dns: ['_x.a-b.example', `${'a'.repeat(63)}.example`] } }, { challenges: { http01: {} } },
    { challenges: { http01: { port: 8080, host: '127.0.0.1' }, dns01: hook } }, { agent: new Agent() }, { ca: '-----BEGIN CERTIFICATE-----' }, { account: { keyFile: 'x' } },
    { account: { ...ACCOUNT, contacts: ['mailto:a@b.example'], externalAccountBinding: { kid: 'x', hmacKey: HMAC } } }
  ]
  for (const more of accepted) t.doesNotThrow(() => acmeIssuer({ ...GOOD, ...more } as never), JSON.stringify(more))
})

test('what is refused, and what the error says', async (t) => {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  const cases: ReadonlyArray<readonly [object, RegExp]> = [
    [{ directory: undefined }, /directory is missing; expected https:\/\/acme\.example\/directory/],
    [{ directory: 'http://acme.example/' }, /directory is "http:\/\/acme\.example\/"; expected https/],
    [{ directory: 'acme.example' }, /directory is "acme\.example"/],
    [{ names: undefined }, /names is missing; expected names such as/],
    [{ names: {} }, /names has no name; expected at least one of/],
    [{ names: { cn: 'ledger.example' } }, /names\.cn is "ledger\.example"; expected one of names\.dns and names\.ip, or none/],
    [{ names: { dns: ['a.example'], o: 'Bank' } }, /names\.o is "Bank"; expected none: ACME knows dns and ip only/],
    [{ names: { dns: ['a.example'], uri: ['spiffe://x/y'] } }, /names\.uri is a list; expected none/],
    [{ names: { dns: ['a.example'], email: ['a@b.example'] } }, /names\.email is a list/],
    [{ names: { dns: ['a example'] } }, /names\.dns\[0\] is "a example"; expected a DNS name such as ledger\.example/],
    [{ names: { dns: ['a.example', '192.0.2.7'] } }, /names\.dns\[1\] is "192\.0\.2\.7"; expected a DNS name/],
    [{ names: { dns: ['a.*.example'] } }, /names\.dns\[0\]/],
    [{ names: { dns: ['*.'] } }, /names\.dns\[0\]/],
    [{ names: { dns: ['a..example'] } }, /names\.dns\[0\]/],
    [{ names: { dns: [`${'a'.repeat(64)}.example`] } }, /names\.dns\[0\] is a text of 72 characters/],
    [{ names: { dns: ['x\r\ny.example'] } }, /names\.dns\[0\]/],
    [{ names: { dns: ['%61.example'] } }, /names\.dns\[0\]/],
    [{ names: { dns: ['b\u00fccher\n.example'] } }, /names\.dns\[0\]/],
    [{ names: { dns: ['a.example/x'] } }, /names\.dns\[0\]/],
    [{ names: { dns: ['a.example.'] } }, /names\.dns\[0\]/],
    [{ names: { ip: ['a.example'] } }, /names\.ip\[0\] is "a\.example"; expected an IP address/],
    [{ names: { dns: Array.from({ length: 101 }, (_, index) => `n${index}.example`) } }, /names has 101 names; expected at most 100/],
    [{ account: undefined }, /account is missing; expected an object/],
    [{ account: {} }, /account has neither key nor keyFile/],
    [{ account: { keyfile: 'x' } }, /unknown option "keyfile" for account; .*keyFile/],
    [{ account: { key: 7 } }, /account\.key is a number; expected a KeyObject, or PEM/],
    [{ account: { key: publicKey } }, /account\.key is an object of another type; expected a private key on P-256/],
    [{ account: { key: createPublicKey(ACCOUNT.key as never) } }, /account\.key is an object of another type/],
    [{ account: { key: createSecretKey(Buffer.alloc(32)) } }, /account\.key is an object of another type/],
    [{ account: { key: privateKey } }, /account\.key is an object of another type/],
    [{ account: { key: HMAC } }, /account\.key is no PEM; expected a private key/],
    [{ account: { ...ACCOUNT, contacts: ['ops@a.example'] } }, /account\.contacts\[0\] is "ops@a\.example"; expected a URL such as mailto:/],
    [{ account: { ...ACCOUNT, contacts: [7] } }, /account\.contacts\[0\] is 7/],
    [{ account: { ...ACCOUNT, termsOfServiceAgreed: 'yes' } }, /account\.termsOfServiceAgreed is "yes"; expected true or false/],
    [{ account: { ...ACCOUNT, externalAccountBinding: 'x' } }, /account\.externalAccountBinding is a string of 1 characters; expected an object with kid and hmacKey/],
    [{ account: { ...ACCOUNT, externalAccountBinding: { kid: 'x' } } }, /externalAccountBinding\.hmacKey is missing; expected the secret that the CA gave/],
    [{ account: { ...ACCOUNT, externalAccountBinding: { hmacKey: HMAC } } }, /externalAccountBinding\.kid is missing/],
    [{ account: { ...ACCOUNT, externalAccountBinding: { kid: 'x', hmacKey: 'short' } } }, /externalAccountBinding\.hmacKey is a string of 5 characters/],
    [{ account: { ...ACCOUNT, externalAccountBinding: { kid: 'x', hmacKey: `${HMAC} ` } } }, /externalAccountBinding\.hmacKey is a string of 28 characters/],
    [{ account: { ...ACCOUNT, externalAccountBinding: { kid: 'x', hmacKey: 7 } } }, /externalAccountBinding\.hmacKey is a number/],
    [{ challenges: undefined }, /challenges is missing/],
    [{ challenges: {} }, /challenges has neither http01 nor dns01; expected at least one of them/],
    [{ challenges: { tlsalpn01: {} } }, /unknown option "tlsalpn01" for challenges/],
    [{ challenges: { dns01: { set () {} } } }, /challenges\.dns01 is an object without remove\(\)/],
    [{ challenges: { http01: { remove () {} } } }, /challenges\.http01 is an object without set\(\); expected set\(\) and remove\(\)/],
    [{ challenges: { http01: { set () {} } } }, /challenges\.http01 is an object without remove\(\)/],
    [{ challenges: { http01: 80 } }, /challenges\.http01 is 80; expected \{ port, host \}, http01Responder\(\)/],
    [{ challenges: { http01: { port: 0 } } }, /challenges\.http01\.port is 0; expected a whole number from 1 to 65,535/],
    [{ challenges: { http01: { adress: '::' } } }, /unknown option "adress" for challenges\.http01/],
    [{ profile: '' }, /profile is an empty string/],
    [{ ca: 'ca.pem' }, /ca is a string of 6 characters; expected PEM/],
    [{ ca: 7 }, /ca is a number/],
    [{ ca: Buffer.from('-----BEGIN CERTIFICATE-----'), agent: new Agent() }, /ca and agent are both set; expected one of them/],
    [{ agent: {} }, /agent is an object without dispatch\(\)/],
    [{ clock: 7 }, /clock is 7; expected a function that returns milliseconds/],
    [{ random: 7 }, /random is 7; expected a function/],
    [{ profil: 'x' }, /unknown option "profil" for acmeIssuer; .*profile/]
  ]
  for (const [more, message] of cases) {
    const found = refusal(more)
    t.match(found, message)
    t.notMatch(found, HMAC)
  }
})
