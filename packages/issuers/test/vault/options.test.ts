import { test } from 'tap'
import { memoryCredentials } from '@peerkit/credentials'
import { createDevCa } from '@peerkit/dev-ca'
import { vaultIssuer, vaultRevocation } from '@peerkit/issuers/vault'
import { rejection } from '@peerkit/test-support/rejection'
import { Agent } from 'undici'

const ca = await createDevCa()
const { chain, key } = await ca.issue()
const credentials = memoryCredentials({ cert: chain, key, ca: ca.root })
const agent = new Agent()
const good = { url: 'https://bao.example:8200', role: 'ledger', names: { cn: 'ledger.example' }, auth: { token: 's.token' } }

const WRONG: ReadonlyArray<readonly [object, RegExp]> = [
  [{ url: undefined }, /url is missing; expected https:\/\/bao\.example:8200/],
  [{ url: 'http://bao.example:8200' }, /url is "http:\/\/bao\.example:8200"; expected https/],
  [{ url: 'https://user:secret@bao.example' }, /url is "https:\/\/…@bao\.example"; expected/],
  [{ url: 'https://bao.example/?token=secret' }, /url is "https:\/\/bao\.example\/\?…"; expected/],
  [{ url: 'https://bao.example:8200/v1/' }, /url is "https:\/\/bao\.example:8200\/v1\/"; expected "https:\/\/bao\.example:8200": the path of the API follows from mount and namespace/],
  [{ url: 'https://bao.example:8200/v1/pki_int/sign', mount: 'pki_int' }, /url is "https:\/\/bao\.example:8200\/v1\/pki_int\/sign"; expected/],
  [{ uri: 'x' }, /unknown option "uri" for vaultIssuer; did you mean/],
  [{ namespace: '../admin' }, /namespace is "\.\.\/admin"; expected a path such as "team\/app"/],
  [{ mount: 'pki/../sys' }, /mount is "pki\/\.\.\/sys"; expected a path such as "pki"/],
  [{ mount: '/pki' }, /mount is/],
  [{ role: 'a/b' }, /role is "a\/b"; expected the name of a role/],
  [{ role: undefined }, /role is missing/],
  [{ names: {} }, /names has no name; expected at least one of cn, dns, ip, uri and email/],
  [{ names: { dns: ['a.example,b.example'] } }, /names\.dns is "a\.example,b\.example"; expected one name/],
  [{ names: { email: ['a@b c'] } }, /names\.email is/],
  [{ names: { dsn: ['a'] } }, /unknown option "dsn" for names; did you mean "dns"\?/],
  [{ mode: 'make' }, /mode is "make"; expected "sign" or "issue"/],
  [{ ttl: 10 }, /ttl is 10; expected milliseconds/],
  [{ ttl: '1h' }, /ttl is "1h"; expected milliseconds/],
  [{ use: 'servers' }, /use is "servers"/],
  [{ parameters: { ttl: '1h' } }, /parameters has ttl; expected it as an option: names, ttl or mode/],
  [{ parameters: [] }, /parameters is an empty list; expected an object/],
  [{ trust: 'all' }, /trust is "all"; expected "mount", "chain" or "none"/],
  [{ trust: 'none', revocation: true }, /revocation is set, but trust is "none"/],
  [{ trust: 'none', authority: {} }, /authority is set, but trust is "none"/],
  [{ authority: { name: 'a' }, authorities: { a: { ca: ca.root } } }, /authorities has "a", the name of authority; expected another one/],
  [{ revocation: 'crl' }, /revocation is "crl"; expected true, false or an object/],
  [{ revocation: { ocps: true } }, /unknown option "ocps" for revocation; did you mean "ocsp"\?/],
  [{ revocation: { mounts: ['a//b'] } }, /revocation\.mounts\[0\] is "a\/\/b"; expected a path/],
  [{ revocation: { policy: 'weak' } }, /revocation\.policy: policy is "weak"/],
  [{ revocation: { refreshInterval: 5 } }, /revocation\.refreshInterval is 5/],
  [{ auth: 's.token' }, /auth is a string; expected "proxy", or an object with one of token, appRole, kubernetes, certificate/],
  [{ auth: undefined }, /auth is missing; expected "proxy", or an object with one of token, appRole, kubernetes, certificate/],
  [{ auth: 7 }, /auth is 7; expected/],
  [{ auth: {} }, /auth is an empty object; expected/],
  [{ auth: { token: 's.token', appRole: {} } }, /auth is an object with token, appRole; expected/],
  [{ auth: { ldap: {} } }, /auth is an object with ldap; expected/],
  [{ auth: { token: '' } }, /auth\.token is a string of 0 characters; expected a string, a function that returns one, or \{ file \}/],
  [{ auth: { token: { path: '/x' } } }, /unknown option "path" for auth\.token/],
  [{ auth: { appRole: {} } }, /auth\.appRole\.roleId is missing/],
  [{ auth: { appRole: { roleId: 'r', secretId: { file: '' } } } }, /auth\.appRole\.secretId\.file is an empty string/],
  [{ auth: { appRole: { roleId: 'r', wrapped: true } } }, /auth\.appRole\.secretId is missing; expected a wrapping token, because wrapped is true/],
  [{ auth: { appRole: { roleId: 'r', mount: '../x' } } }, /auth\.appRole\.mount is/],
  [{ auth: { kubernetes: {} } }, /auth\.kubernetes\.role is missing/],
  [{ auth: { kubernetes: { role: 'r', jwt: {} } } }, /auth\.kubernetes\.jwt\.file is missing/],
  [{ auth: { certificate: { own: 'yes' } } }, /auth\.certificate\.own is "yes"; expected true or false/],
  [{ auth: { certificate: {} } }, /auth\.certificate is set without a certificate; expected credentials or an agent that has them/],
  [{ auth: { certificate: { own: true } }, agent }, /expected credentials, with which the first login is made/],
  [{ agent: {} }, /agent is an object without dispatch\(\); expected a dispatcher/],
  [{ ca: 'ca.pem' }, /ca is "ca\.pem"; expected CA certificates, PEM/],
  [{ credentials: {} }, /credentials is an object without subscribe\(\)/],
  [{ agent, ca: ca.root }, /agent and ca are both set; expected only one of agent, ca and credentials/],
  [{ allowedServers: { cn: 'bao' } }, /allowedServers is set without credentials/],
  [{ credentials, allowedServers: { cm: 'bao' } }, /cm/],
  [{ onWarning: 'log' }, /onWarning is "log"; expected a function/],
  [{ clock: {} }, /clock is/]
]

for (const [options, expected] of WRONG) {
  test(`refuses ${JSON.stringify(options, (_name, value) => typeof value === 'object' && value?.constructor?.name?.length > 6 ? '…' : value)?.slice(0, 90)}`, async (t) => {
    t.throws(() => vaultIssuer({ ...good, ...options } as never), { message: expected })
  })
}

test('a wrong secret is never shown', async (t) => {
  for (const auth of [{ token: ['s.secret-token'] }, { appRole: { roleId: ['s.secret-token'] } }, ['s.secret-token'], 's.secret-token']) {
    let message = ''
    try {
      vaultIssuer({ ...good, auth } as never)
    } catch (error) {
      message = String(error)
    }
    t.match(message, /auth/)
    t.notMatch(message, /secret-token/)
  }
})

test('vaultRevocation', async (t) => {
  const wrong: ReadonlyArray<readonly [object, RegExp]> = [
    [{ url: undefined }, /url is missing/],
    [{ mounts: [] }, /mounts is an empty list; expected a list of at least one mount/],
    [{ mounts: ['x/'] }, /mounts\[0\] is "x\/"/],
    [{ policy: 'weak' }, /policy: policy is "weak"/],
    [{ initial: 'later' }, /initial is "later"; expected "required" or "background"/],
    [{ url: 'https://bao.example:8200/v1/pki', mounts: ['root', 'pki'] }, /url is "https:\/\/bao\.example:8200\/v1\/pki"; expected "https/],
    [{ role: 'x' }, /unknown option "role" for vaultRevocation/]
  ]
  for (const [options, expected] of wrong) t.match(await rejection(vaultRevocation({ url: good.url, ...options } as never)), { code: 'MTLS_ERR_ISSUER_OPTION', message: expected })
})

test('says who issues, and what it is asked for', async (t) => {
  const make = (more: object) => vaultIssuer({ ...good, ca: ca.root, ...more })
  const issuers = [{}, { role: 'other' }, { mount: 'pki2' }, { names: { cn: 'b.example' } }, { namespace: 'team' }, { ttl: 60_000 }].map(make)
  t.teardown(async () => { await Promise.all(issuers.map(async (issuer) => { await issuer.close() })) })
  t.match(issuers[0]?.name, /^OpenBao https:/)
  t.equal(new Set(issuers.map(({ id }) => id)).size, issuers.length)
})
