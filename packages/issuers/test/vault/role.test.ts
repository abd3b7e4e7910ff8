import { generateKeyPairSync } from 'node:crypto'
import { test } from 'tap'
import { rejection } from '@peerkit/test-support/rejection'
import { findForbiddenNames } from '../../src/vault/role/allowed-names.ts'
import { compareRole } from '../../src/vault/role/role-limits.ts'
import type { RoleQuestion } from '../../src/vault/role/role-limits.ts'
import { data, failure } from './fake-vault.ts'
import { ADDRESSES, HOSTS, URIS } from './role-cases.ts'
import { ask, startWorld } from './world.ts'

const ec = (namedCurve: string) => generateKeyPairSync('ec', { namedCurve }).publicKey
const [p256, p384, ed25519] = [ec('P-256'), ec('P-384'), generateKeyPairSync('ed25519').publicKey]
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey

test('DNS names and the common name, as OpenBao decides', async (t) => {
  t.equal(findForbiddenNames({ allowed_domains: ['{{identity.entity.name}}'] }, { dns: ['anything'] }).length, 0, 'OpenBao decides about templates')
  for (const [role, allowed, forbidden] of HOSTS) {
    for (const name of allowed) t.same(findForbiddenNames(role as never, { dns: [name] }), [], `${JSON.stringify(role)} allows ${name}`)
    for (const name of forbidden) {
      t.equal(findForbiddenNames(role as never, { dns: [name] }).length, 1, `${JSON.stringify(role)} forbids ${name}`)
      t.equal(findForbiddenNames(role as never, { cn: name }).length, 1)
      t.equal(findForbiddenNames({ ...role, cn_validations: ['disabled'] } as never, { cn: name }).length, 0)
    }
  }
  t.same(findForbiddenNames({ allowed_domains: ['example.com'] }, { cn: 'ops@example.com' }), [], 'a mail address is judged by OpenBao')
  t.same(findForbiddenNames({}, { dns: ['a.example'] }), ['names.dns has "a.example"; the role allows no domains (allowed_domains, with allow_bare_domains=false, allow_subdomains=false, allow_glob_domains=false)'])
})

test('URIs and IP addresses', async (t) => {
  for (const [kind, cases] of [['uri', URIS], ['ip', ADDRESSES]] as const) {
    for (const [role, allowed, forbidden] of cases) {
      for (const name of allowed) t.same(findForbiddenNames(role as never, { [kind]: [name] }), [], `${JSON.stringify(role)} allows ${name}`)
      for (const name of forbidden) t.equal(findForbiddenNames(role as never, { [kind]: [name] }).length, 1, `${JSON.stringify(role)} forbids ${name}`)
    }
  }
  for (const odd of ['nonsense', '10.0.0.0/99', '10.0.0.0/x']) t.same(findForbiddenNames({ allowed_ip_sans_cidr: [odd] }, { ip: ['11.1.1.1'] }), [], 'OpenBao decides about what we cannot read')
  t.same(findForbiddenNames({ allowed_ip_sans_cidr: ['10.0.0.0/8'] }, { ip: ['no address'] }), [])
})

const question = (more: Partial<RoleQuestion> = {}): RoleQuestion => {
  return { names: { cn: 'a' }, mode: 'sign', ttl: undefined, use: undefined, publicKey: p256, revocation: true, ...more }
}
const any = { allow_any_name: true, key_type: 'any' }

test('keys', async (t) => {
  const problems = (role: object, publicKey: RoleQuestion['publicKey']): number => compareRole({ ...any, ...role }, question({ publicKey })).problems.length
  t.equal(problems({}, rsa), 0)
  t.equal(problems({ key_type: 'ec', key_bits: 256 }, p256), 0)
  t.equal(problems({ key_type: 'ec', key_bits: 0 }, p256), 0)
  t.equal(problems({ key_type: 'ec', key_bits: 256 }, p384), 0)
  t.equal(problems({ key_type: 'ec', key_bits: 384 }, p256), 1)
  t.equal(problems({ key_type: 'ec' }, ed25519), 1)
  t.equal(problems({ key_type: 'ed25519', key_bits: 0 }, ed25519), 0)
  t.equal(problems({ key_type: 'ed25519', key_bits: 0 }, p256), 1)
  t.equal(problems({ key_type: 'rsa', key_bits: 2048 }, rsa), 0)
  t.equal(problems({ key_type: 'rsa', key_bits: 4096 }, rsa), 1)
  t.equal(problems({ key_type: 'rsa' }, p256), 1)
  t.equal(problems({ key_type: undefined }, p256), 0)
  t.match(compareRole({ ...any, key_type: 'ed25519' }, question()).problems, [/^the key is ec of 256 bits; the role requires ed25519 \(key_type, key_bits\): set keyType/])
  t.match(compareRole({ ...any, key_type: 'rsa' }, question({ publicKey: ed25519 })).problems, [/^the key is ed25519; the role requires rsa of at least 2048 bits/])
  t.match(compareRole(any, question({ mode: 'issue' })).problems, [/mode is "issue"; the role has key_type=any/])
  t.same(compareRole({ ...any, key_type: 'rsa' }, question({ mode: 'issue' })).problems, [])
})

test('what a certificate is for', async (t) => {
  const problems = (role: object, use: RoleQuestion['use']): readonly string[] => compareRole({ ...any, ...role }, question({ use })).problems
  t.same(problems({ server_flag: false }, undefined), [])
  t.same(problems({ server_flag: true, client_flag: true }, 'both'), [])
  t.match(problems({ server_flag: false, client_flag: true }, 'both'), [/use is "both"; the role issues no certificates for a server \(server_flag=false\)/])
  t.match(problems({ server_flag: true, client_flag: false }, 'client'), [/no certificates for a client/])
  t.same(problems({ server_flag: true, client_flag: false }, 'server'), [])
  t.same(problems({ server_flag: false, client_flag: false }, 'both'), [], 'without the extension it is for everything')
  t.equal(problems({ server_flag: false, client_flag: false, ext_key_usage_oids: ['1.2.3'] }, 'both').length, 2)
  t.same(problems({ server_flag: false, client_flag: false, ext_key_usage: ['ExtKeyUsageServerAuth', 'clientauth'] }, 'both'), [])
  t.same(problems({ server_flag: false, client_flag: true, ext_key_usage: ['Any'] }, 'both'), [])
})

test('a common name that is required, and what is only told', async (t) => {
  t.match(compareRole({ ...any, require_cn: true }, question({ names: { dns: ['a'] } })).problems, [/names\.cn is missing; the role requires a common name/])
  t.same(compareRole({ ...any, require_cn: true }, question()).problems, [])
  const notes = (role: object, more: Partial<RoleQuestion> = {}): readonly string[] => compareRole({ ...any, ...role }, question(more)).notes
  t.match(notes({ max_ttl: 60 }, { ttl: 61_000 }), [/ttl is 61 s; the role allows 60 s \(max_ttl\)/])
  t.same(notes({ max_ttl: 60 }, { ttl: 60_000 }), [])
  t.same(notes({ max_ttl: 0 }, { ttl: 60_000 }), [])
  t.same(notes({ max_ttl: 60 }), [])
  t.match(notes({ generate_lease: true, no_store: true }), [/revoked when the token that asked for it ends/, /cannot be revoked/])
  t.same(notes({ no_store: true }, { revocation: false }), [])
})

test('the role is read before the first request, and again after one was refused', async (t) => {
  const { vault, issuer, warnings } = await startWorld(t)
  const role = { allowed_domains: ['other'], max_ttl: 60, key_type: 'ec' }
  vault.on('pki/roles/ledger', () => data(role))
  const one = issuer({ ttl: 3_600_000 })
  const { message } = await rejection(ask(one))
  t.match(message, /the role ledger of pki does not allow this certificate: names\.cn has "ledger\.example".*; names\.dns has "ledger\.example"/)
  t.match(warnings, [/ttl is 3600 s/])
  t.equal(vault.calls('pki/issue/ledger').length, 0, 'nothing was asked for')
  Object.assign(role, { allow_any_name: true })
  await ask(one)
  await ask(one)
  t.equal(vault.calls('pki/roles/ledger').length, 2)
  vault.on('pki/issue/ledger', () => failure(400, 'common name ledger.example not allowed by this role'))
  t.match(await rejection(ask(one)), { reason: 'refused', message: /not allowed by this role/ })
  Object.assign(role, { allow_any_name: false })
  t.match(await rejection(ask(one)), { message: /does not allow this certificate/ })
})

test('a role that cannot be read', async (t) => {
  const { vault, issuer } = await startWorld(t)
  vault.on('pki/roles/ledger', () => failure(404))
  t.match(await rejection(ask(issuer())), { reason: 'refused', status: 404, message: /pki has no role "ledger"; expected one of: bao list pki\/roles/ })
  vault.on('pki/roles/ledger', () => failure(503, 'Vault is sealed'))
  t.match(await rejection(ask(issuer())), { reason: 'unavailable' })
  vault.on('pki/roles/ledger', () => failure(403, 'permission denied'))
  await ask(issuer())
  t.equal(vault.calls('auth/approle/login').length, 3, 'a role that may not be read costs no login')
  const controller = new AbortController()
  vault.on('pki/roles/ledger', () => { controller.abort(new Error('over')); return undefined })
  t.match(await rejection(ask(issuer(), { signal: controller.signal })), { message: 'over' })
})
