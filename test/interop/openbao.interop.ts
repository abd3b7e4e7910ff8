// @peerkit/issuers/vault with a real OpenBao: certificates, every way to log in, namespaces, and what a role does not allow.
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { test } from 'tap'
import { memoryCredentials, renewingCredentials } from '@peerkit/credentials'
import { MOUNT, makeAppRole } from '@peerkit/example-openbao'
import { vaultIssuer } from '@peerkit/issuers/vault'
import { MtlsAgent } from '@peerkit/undici-mtls'
import { rejection } from '@peerkit/test-support/rejection'
import { ADDRESSES, HOSTS, URIS } from '../../packages/issuers/test/vault/role-cases.ts'
import { nextChange, until } from './spire/changes.ts'
import { startWorld, ROLE } from './openbao/world.ts'

test('a real OpenBao', { timeout: 120_000 }, async (t) => {
  const world = await startWorld(t)
  const { bao, pki, login, folder } = world
  const open = async (...given: Parameters<typeof world.credentials>) => await world.credentials(...given)

  t.test('signs a request: names, chain, CAs, a new key with each renewal', async (t) => {
    const names = { cn: 'ledger.example', dns: ['ledger.example', 'www.ledger.example'], ip: ['127.0.0.1', '2001:DB8::1'], uri: ['spiffe://prod.example/ledger'] }
    const warnings: string[] = []
    const source = await open('/ledger', { names, ttl: 3_600_000, onWarning: (text) => { warnings.push(text) } })
    const { current } = source
    t.equal(current.identity.commonName, 'ledger.example')
    t.same(current.identity.subjectAltNames?.dns, ['ledger.example', 'www.ledger.example'])
    t.same(current.identity.subjectAltNames?.ip, ['127.0.0.1', '2001:db8::1'])
    t.equal(current.identity.spiffeId, 'spiffe://prod.example/ledger')
    t.equal(current.notAfter - Number(current.identity.notBefore), 3_630_000, 'OpenBao puts the start 30 seconds back')
    t.equal(current.intermediates.length, 1)
    t.same(current.ca.map((pem) => pem.trim()), [pki.root.trim()])
    t.same([...current.warnings, ...warnings], [])
    await source.refresh()
    t.not(source.current.key, current.key)
  })

  t.test('keys of every type', async (t) => {
    await pki.role('any', { ...ROLE, key_type: 'any' })
    for (const keyType of ['ec-p256', 'ec-p384', 'ed25519', 'rsa-2048'] as const) {
      t.ok((await open('/ledger', { role: 'any' }, { keyType })).current.key, keyType)
    }
  })

  t.test('issues with a key of its own', async (t) => {
    const { current } = await open('/ledger', { mode: 'issue', names: { cn: 'ledger.example' } })
    t.match(current.key, /BEGIN PRIVATE KEY/)
    t.match(await rejection(open('/ledger', { mode: 'issue', role: 'any' })), { message: /mode is "issue"; the role has key_type=any/ })
  })

  t.test('a role that takes the names of the parameters, and one that takes those of the request', async (t) => {
    await pki.role('parameters', { ...ROLE, use_csr_common_name: false, use_csr_sans: false })
    const names = { cn: 'ledger.example', dns: ['a.example'], uri: ['spiffe://prod.example/ledger'] }
    for (const role of ['service', 'parameters']) {
      const { identity } = (await open('/', { role, names })).current
      t.equal(identity.spiffeId, 'spiffe://prod.example/ledger', role)
      t.same([...identity.subjectAltNames?.dns ?? []].sort(), ['a.example', 'ledger.example'])
    }
  })

  t.test('role limits are told before the request', async (t) => {
    const audits: string[] = []
    const cases = [
      [{ names: { dns: ['ledger.other'] } }, /names\.dns has "ledger\.other"; the role allows the domains example/],
      [{ names: { uri: ['spiffe://other.example/x'] } }, /names\.uri has .*; the role allows the URIs spiffe:\/\/prod\.example\/\*/],
      [{ role: 'clients', use: 'server' }, /use is "server"; the role issues no certificates for a server \(server_flag=false\)/],
      [{ role: 'rsa' }, /the key is ec of 256 bits; the role requires rsa of at least 2048 bits/],
      [{ role: 'named' }, /names\.cn is missing; the role requires a common name/],
      [{ role: 'noip', names: { ip: ['10.0.0.1'] } }, /the role allows no IP addresses/],
      [{ role: 'none' }, /pki_int has no role "none"/]
    ] as const
    await pki.role('clients', { ...ROLE, server_flag: false })
    await pki.role('rsa', { ...ROLE, key_type: 'rsa', key_bits: 2048 })
    await pki.role('named', { ...ROLE, require_cn: true })
    await pki.role('noip', { ...ROLE, allow_ip_sans: false })
    for (const [options, expected] of cases) t.match((await rejection(open('/ledger', options))).message, expected)
    // OpenBao agrees with each of them, where nothing is told before.
    const blind = await makeAppRole(bao, 'blind', { [`${MOUNT}/sign/+`]: ['update'] })
    for (const [options, expected] of cases) {
      if ('use' in options) continue
      const { message } = await rejection(open('/ledger', { ...options, auth: { appRole: blind } }))
      t.match(message, /POST pki_int\/sign\/\w+ answered 400: /, String(expected))
      audits.push(message)
    }
    t.equal(audits.length, cases.length - 1)
    const long = await open('/ledger', { ttl: 90_000_000, onWarning: (text) => { audits.push(text) } })
    t.ok(long.current.notAfter < Date.now() + 86_460_000)
    t.match(audits.slice(-2).join(), /ttl is 90000 s; the role allows 86400 s.*TTL "25h0m0s" is longer than permitted maxTTL "24h0m0s"/)
  })

  t.test('names: OpenBao decides about each as the check before the request does', async (t) => {
    const blind = await makeAppRole(bao, 'names', { [`${MOUNT}/sign/+`]: ['update'] })
    const outcome = async (role: string, kind: string, name: string): Promise<string> => {
      const names = kind === 'cn' ? { cn: name } : { [kind]: [name] }
      return await open('/', { role, names, auth: { appRole: blind } }).then(() => 'allowed', (error: Error) => /answered 400/.test(error.message) ? 'forbidden' : error.message)
    }
    const tables = [['dns', HOSTS], ['uri', URIS], ['ip', ADDRESSES]] as const
    for (const [kind, cases] of tables) {
      for (const [index, [settings, allowed, forbidden]] of cases.entries()) {
        const role = `${kind}-${index}`
        await pki.role(role, { key_type: 'ec', require_cn: false, ...settings })
        for (const name of allowed) t.equal(await outcome(role, kind, name), 'allowed', `${JSON.stringify(settings)} ${name}`)
        for (const name of forbidden) t.equal(await outcome(role, kind, name), 'forbidden', `${JSON.stringify(settings)} ${name}`)
      }
    }
  })

  t.test('keys: OpenBao decides about each as the check before the request does', async (t) => {
    const blind = await makeAppRole(bao, 'keys', { [`${MOUNT}/sign/+`]: ['update'] })
    const roles = [['ec', 0], ['ec', 256], ['ec', 384], ['ed25519', 0], ['rsa', 0], ['rsa', 2048], ['rsa', 3072], ['any', 0]] as const
    const wanted: string[] = []
    for (const [type, bits] of roles) {
      const role = `key-${type}-${bits}`
      await pki.role(role, { allow_any_name: true, require_cn: false, key_type: type, key_bits: bits })
      for (const keyType of ['ec-p256', 'ec-p384', 'ed25519', 'rsa-2048'] as const) {
        const outcome = async (options: object): Promise<boolean> => await open('/x', { role, ...options, names: { dns: ['a.example'] } }, { keyType }).then(() => true, (error: Error) => {
          wanted.push(error.message)
          return false
        })
        t.equal(await outcome({}), await outcome({ auth: { appRole: blind } }), `${role} ${keyType}`)
      }
    }
    t.ok(wanted.length > 20)
    for (const message of wanted) t.match(message, /the key is .*; the role requires|answered 400: role requires/)
  })

  t.test('why a token is denied', async (t) => {
    const other = await makeAppRole(bao, 'other', { 'secret/*': ['read'] })
    t.match((await rejection(open('/ledger', { auth: { appRole: other } }))).message, /answered 403: permission denied\. The policies of the token allow nothing there; expected: path "pki_int\/sign\/service" { capabilities = \["update"\] }/)
    t.match((await rejection(open('/ledger', { auth: { token: 's.doesnotexist000' } }))).message, /The token is not valid: it has ended, was revoked/)
    t.match((await rejection(open('/ledger', { auth: { appRole: { ...login, secretId: 'wrong-secret-id' } } }))).message, /POST auth\/approle\/login answered 400: invalid role or secret ID/)
    t.match((await rejection(open('/ledger', { mount: 'nowhere', auth: { token: bao.token } }))).message, /nowhere/)
  })

  t.test('tokens: a value is renewed by us, a file is read again', async (t) => {
    const make = async (ttl: string): Promise<string> => (await bao.call('auth/token/create', { policies: ['service'], ttl, explicit_max_ttl: '1h' })).auth.client_token
    const [short, file] = [await make('3s'), join(folder, 'token')]
    const source = await open('/ledger', { auth: { token: short } })
    const lookUp = async (): Promise<any> => (await bao.call('auth/token/lookup-self', undefined, { token: short })).data
    await until(async () => (await lookUp()).last_renewal !== undefined)
    await source.refresh()
    writeFileSync(file, `${await make('1h')}\n`)
    const fromFile = await open('/ledger', { auth: { token: { file } } })
    await bao.call('auth/token/revoke', { token: readFileSync(file, 'utf8').trim() })
    t.match((await rejection(fromFile.refresh())).message, /The token is not valid/)
    writeFileSync(file, await make('1h'))
    t.ok(await fromFile.refresh())
  })

  t.test('a login whose token was revoked logs in again; one that has ended too', async (t) => {
    const role = await makeAppRole(bao, 'brief', { [`${MOUNT}/sign/+`]: ['update'], 'auth/token/revoke-self': ['update'] }, { token_ttl: '2s', token_max_ttl: '3s' })
    const source = await open('/ledger', { auth: { appRole: role } })
    await bao.call('auth/approle/role/brief', { token_ttl: '1h', token_max_ttl: '2h' })
    const accessors = (await bao.call('auth/token/accessors?list=true')).data.keys as string[]
    for (const accessor of accessors) {
      const { data } = await bao.call('auth/token/lookup-accessor', { accessor }).catch(() => ({ data: {} }))
      if (data.meta?.role_name === 'brief') await bao.call('auth/token/revoke-accessor', { accessor })
    }
    t.ok(await source.refresh())
  })

  t.test('a wrapped secret ID is unwrapped once; a token that was made elsewhere or used is told', async (t) => {
    const wrap = async (path: string): Promise<string> => (await bao.call(path, {}, { headers: { 'x-vault-wrap-ttl': '60s' } })).wrap_info.token
    const wrapped = await wrap('auth/approle/role/service/secret-id')
    const source = await open('/ledger', { auth: { appRole: { roleId: login.roleId, secretId: wrapped, wrapped: true } } })
    t.ok(await source.refresh())
    t.match((await rejection(open('/ledger', { auth: { appRole: { roleId: login.roleId, secretId: wrapped, wrapped: true } } }))).message, /somebody else has used it/)
    const foreign = await wrap('auth/token/create')
    t.match((await rejection(open('/ledger', { auth: { appRole: { roleId: login.roleId, secretId: foreign, wrapped: true } } }))).message, /was made at "auth\/token\/create"; expected auth\/approle\/role\/…\/secret-id/)
  })

  t.test('a certificate logs in: that of other credentials, then the issued one itself', async (t) => {
    await bao.call('sys/auth/cert', { type: 'cert' })
    await bao.call('auth/cert/certs/services', { certificate: pki.root, allowed_uri_sans: 'spiffe://prod.example/*', token_policies: 'service' })
    const nameless = (await open('/bootstrap')).current
    const unnamed = memoryCredentials({ cert: nameless.cert, key: nameless.key, ca: bao.ca })
    t.teardown(async () => { await unnamed.close() })
    t.match((await rejection(open('/ledger', { credentials: unnamed, auth: { certificate: {} } }))).message, /missing name in alias.*ask for one with names\.cn/)
    const first = (await open('/', { names: { cn: 'bootstrap.example', uri: ['spiffe://prod.example/bootstrap'] } })).current
    const names = { cn: 'ledger.example', uri: ['spiffe://prod.example/ledger'] }
    const bootstrap = memoryCredentials({ cert: first.cert, key: first.key, ca: bao.ca })
    t.teardown(async () => { await bootstrap.close() })
    const agent = new MtlsAgent({ credentials: bootstrap })
    t.teardown(async () => { await agent.destroy() })
    t.equal((await open('/ledger', { agent, auth: { certificate: {} } })).current.identity.spiffeId, 'spiffe://prod.example/ledger')
    const own = await open('/ledger', { names, credentials: bootstrap, auth: { certificate: { role: 'services', own: true } } })
    await pki.revoke(String(first.identity.serialNumber))
    // From now on only the issued certificate logs in.
    await bao.call('auth/cert/certs/services', { certificate: pki.root, allowed_uri_sans: 'spiffe://prod.example/ledger', token_policies: 'service' })
    t.match((await rejection(open('/ledger', { agent, auth: { certificate: {} } }))).message, /POST auth\/cert\/login answered 400/)
    for (let turn = 0; turn < 3; turn += 1) {
      // Its token ends, so it has to log in.
      await bao.call('sys/leases/revoke-prefix/auth/cert', {}, { method: 'PUT' })
      t.ok(await own.refresh())
    }
  })

  t.test('a service account of Kubernetes logs in', async (t) => {
    // In place of a Kubernetes: the one call of its API that OpenBao makes.
    const reviews: string[] = []
    const kubernetes = createServer((request, response) => {
      let body = ''
      request.on('data', (chunk) => { body += String(chunk) })
      request.on('end', () => {
        const { spec: { token } } = JSON.parse(body)
        reviews.push(token)
        const user = { username: 'system:serviceaccount:shop:ledger', uid: 'u-1', groups: ['system:serviceaccounts'] }
        response.setHeader('content-type', 'application/json').end(JSON.stringify({ kind: 'TokenReview', apiVersion: 'authentication.k8s.io/v1', status: { authenticated: true, user } }))
      })
    })
    await new Promise<void>((resolve) => { kubernetes.listen(0, '127.0.0.1', resolve) })
    t.teardown(() => { kubernetes.close() })
    const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
    const claims = { iss: 'kubernetes/serviceaccount', sub: 'system:serviceaccount:shop:ledger', nbf: Math.floor(Date.now() / 1000) - 60, iat: Math.floor(Date.now() / 1000) - 60, exp: Math.ceil(Date.now() / 1000) + 600, 'kubernetes.io': { namespace: 'shop', serviceaccount: { name: 'ledger', uid: 'u-1' } } }
    const jwt = `${encode({ alg: 'RS256', typ: 'JWT' })}.${encode(claims)}.${Buffer.from('signature').toString('base64url')}`
    const file = join(folder, 'service-account-token')
    writeFileSync(file, jwt)
    await bao.call('sys/auth/kubernetes', { type: 'kubernetes' })
    await bao.call('auth/kubernetes/config', { kubernetes_host: `http://127.0.0.1:${(kubernetes.address() as AddressInfo).port}`, disable_local_ca_jwt: true, disable_iss_validation: true, token_reviewer_jwt: jwt, kubernetes_ca_cert: pki.root })
    await bao.call('auth/kubernetes/role/ledger', { bound_service_account_names: 'ledger', bound_service_account_namespaces: 'shop', token_policies: 'service' })
    t.ok(await open('/ledger', { auth: { kubernetes: { role: 'ledger', jwt: { file } } } }))
    t.same(reviews, [jwt])
    t.match((await rejection(open('/ledger', { auth: { kubernetes: { role: 'other', jwt: { file } } } }))).message, /auth\/kubernetes\/login answered 40[03]: /)
  })

  t.test('the server is checked: another CA, and another name', async (t) => {
    const { ca } = (await open('/ledger')).current
    t.match((await rejection(renewingCredentials(world.issuer({ ca: [...ca] }), { attempts: 1 }))).message, /leads to no trusted CA .*; expected a CA of the option ca/)
    const { current } = await open('/client')
    const credentials = memoryCredentials({ cert: current.cert, key: current.key, ca: bao.ca })
    t.teardown(async () => { await credentials.close() })
    const { message } = await rejection(open('/ledger', { credentials, allowedServers: { cn: 'another' } }))
    t.match(message, /another/)
    t.ok(await open('/ledger', { credentials, allowedServers: { cn: 'openbao' } }))
  })

  t.test('a namespace', async (t) => {
    await bao.call('sys/namespaces/team', {})
    const inside = async (path: string, body: object): Promise<any> => await bao.call(path, body, { namespace: 'team' })
    await inside('sys/mounts/pki', { type: 'pki' })
    await inside('pki/root/generate/internal', { common_name: 'Root of team', key_type: 'ec' })
    await inside('pki/roles/service', ROLE)
    await inside('sys/auth/approle', { type: 'approle' })
    await inside('sys/policies/acl/service', { policy: 'path "pki/sign/service" { capabilities = ["update"] }' })
    await inside('auth/approle/role/service', { token_policies: 'service' })
    const { data: { role_id: roleId } } = await bao.call('auth/approle/role/service/role-id', undefined, { namespace: 'team' })
    const { data: { secret_id: secretId } } = await inside('auth/approle/role/service/secret-id', {})
    const source = await open('/ledger', { namespace: 'team', mount: 'pki', auth: { appRole: { roleId, secretId } }, revocation: true })
    t.match(String(source.current.identity.issuer), 'Root of team')
    t.match((await rejection(open('/ledger', { namespace: 'nobody', mount: 'pki', auth: { appRole: { roleId, secretId } } }))).message, /auth\/approle\/login answered 40[34]/)
  })

  t.test('a new root: certificates of the former one are still accepted', async (t) => {
    const source = await open('/ledger', { authority: { name: 'internal', names: { spiffe: 'spiffe://prod.example' } } })
    const rotated = nextChange(source, 'rotated')
    await bao.call('pki/root/rotate/internal', { common_name: 'Example Root 2', key_type: 'ec', issuer_name: 'root-2' })
    const { data: { csr } } = await bao.call(`${MOUNT}/intermediate/generate/internal`, { common_name: 'Example Issuing CA 2', key_type: 'ec' })
    const { data: { certificate, issuing_ca: root } } = await bao.call('pki/issuer/root-2/sign-intermediate', { csr })
    const { data: { imported_issuers: [issuer] } } = await bao.call(`${MOUNT}/intermediate/set-signed`, { certificate: `${certificate}\n${root}` })
    await bao.call(`${MOUNT}/config/issuers`, { default: issuer })
    await Promise.all([rotated, source.refresh()])
    t.match(String(source.current.identity.issuer), 'Example Issuing CA 2')
    t.same(source.current.anchors.map(({ commonName }) => commonName).sort(), ['Example Root', 'Example Root 2'])
    t.equal(source.current.authorities[0]?.name, 'internal')
  })

  t.test('no secret is shown', async (t) => {
    const issuer = vaultIssuer({ url: bao.url, ca: bao.ca, role: 'service', names: { cn: 'a.example' }, auth: { appRole: { roleId: login.roleId, secretId: login.secretId } } })
    t.teardown(async () => { await issuer.close() })
    t.notMatch(inspect(issuer, { depth: 9, showHidden: true }) + JSON.stringify(issuer), new RegExp(`${login.secretId}|${login.roleId}`))
  })
})
