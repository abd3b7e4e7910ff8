import { test } from 'tap'
import { stepCaIssuer } from '@peerkit/issuers/step-ca'

const RIGHT = { url: 'https://ca.example:9000', root: '/etc/step/root.pem', names: { cn: 'ledger' }, enrol: { token: () => '' } }
const X5C = { cert: 'host.pem', key: 'host.key', provisioner: 'fleet' }

test('wrong options', async (t) => {
  t.ok(stepCaIssuer(RIGHT))
  t.ok(stepCaIssuer({ ...RIGHT, root: undefined, fingerprint: 'AB:'.repeat(31) + 'ab', enrol: { x5c: X5C }, renew: 'enrol', lifetime: 3_600_000, trust: 'federation' }))
  const wrong: ReadonlyArray<readonly [more: object, message: RegExp]> = [
    [{ url: 'http://ca.example' }, /url is "http:\/\/ca\.example.*"; expected https:\/\/ca\.example:9000/],
    [{ url: 'https://ca.example/acme' }, /url is /],
    [{ url: 'https://user:secret@ca.example' }, /url is "https:\/\/…@ca\.example"/],
    [{ root: undefined }, /neither root nor fingerprint is given; expected one of them/],
    [{ fingerprint: 'a'.repeat(64) }, /root and fingerprint are both given; expected one of them/],
    [{ root: undefined, fingerprint: 'abc' }, /fingerprint is "abc"; expected SHA-256 in hex/],
    [{ names: {} }, /names has no name/],
    [{ enrol: undefined }, /enrol is missing; expected \{ x5c \} or \{ token \}/],
    [{ enrol: {} }, /enrol has neither x5c nor token; expected one of them/],
    [{ enrol: { x5c: X5C, token: () => '' } }, /enrol has both x5c and token; expected one of them/],
    [{ enrol: { token: 'token.txt' } }, /expected a function that returns a token: \(\) => readFile\("token\.txt", "utf8"\)/],
    [{ enrol: { tokn: 1 } }, /unknown option "tokn" for enrol/],
    [{ enrol: { token: 'eyJ' } }, /enrol\.token is .*; expected a function that returns a token/],
    [{ enrol: { x5c: { ...X5C, key: undefined } } }, /enrol\.x5c\.key is missing; expected a path/],
    [{ renew: 'renew' }, /renew is "renew"; expected "mtls" or "enrol"/],
    [{ lifetime: 1 }, /lifetime is 1; expected milliseconds from 60,000/],
    [{ trust: 'all' }, /trust is "all"; expected "pinned", "roots" or "federation"/],
    [{ agent: {} }, /unknown option "agent" for stepCaIssuer/]
  ]
  for (const [more, message] of wrong) {
    t.throws(() => stepCaIssuer({ ...RIGHT, ...more } as never), { code: 'MTLS_ERR_ISSUER_OPTION', message }, JSON.stringify(more))
  }
})

test('the name and what it asks for', async (t) => {
  const { name, id } = stepCaIssuer(RIGHT)
  t.equal(name, 'step-ca https://ca.example:9000')
  t.equal(stepCaIssuer({ ...RIGHT }).id, id)
  const others = [{ names: { cn: 'orders' } }, { url: 'https://ca.example:9001' }, { lifetime: 3_600_000 }, { lifetime: 7_200_000 }]
  t.equal(new Set([id, ...others.map((more) => stepCaIssuer({ ...RIGHT, ...more }).id)]).size, 5)
})
