// OpenSSL's strict verification of what the development CA issues, and its reading of names.
import { spawnSync } from 'node:child_process'
import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createDevCa, storeDevCa, type DevCa, type IssuedCertificate } from '@peerkit/dev-ca'
import { test, type Test } from 'tap'
import { requireTool } from './require-tool.ts'

const openssl = requireTool('openssl')
const KEYS = ['ec-p256', 'ec-p384', 'rsa-2048', 'rsa-3072', 'ed25519'] as const

function run (...args: string[]): string {
  const { stdout, stderr } = spawnSync(openssl, args, { encoding: 'utf8' })
  return stdout + stderr
}

/** `openssl verify -x509_strict`, with the chain as far as it is sent along. */
function verify (t: Test, root: string, leaf: IssuedCertificate, { args = [], crls = [] }: { readonly args?: readonly string[], readonly crls?: readonly string[] } = {}): string {
  const folder = t.testdir({ 'root.pem': root, 'leaf.pem': leaf.cert, 'chain.pem': leaf.chain, 'crls.pem': crls.join('') })
  const file = (name: string): string => join(folder, name)
  return run('verify', '-x509_strict', '-policy_check', '-CAfile', file('root.pem'), '-untrusted', file('chain.pem'), ...(crls.length === 0 ? [] : ['-CRLfile', file('crls.pem')]), ...args, file('leaf.pem'))
}

const asServer = { args: ['-purpose', 'sslserver', '-verify_hostname', 'a.example'] }
const asClient = { args: ['-purpose', 'sslclient'] }

for (const key of KEYS) {
  test(`openssl: chains of ${key} keys are strictly right, for servers and for clients`, async (t) => {
    const ca = await createDevCa({ key })
    const upper = await ca.intermediate({ key, pathLength: 1 })
    const lower = await upper.intermediate({ key })
    for (const from of [ca, upper, lower]) {
      const leaf = await from.issue({ key, cn: 'web', dns: 'a.example', ip: '2001:db8::1', spiffe: 'spiffe://td.example/a' })
      t.match(verify(t, ca.root, leaf, asServer), /leaf\.pem: OK/)
      t.match(verify(t, ca.root, leaf, asClient), /leaf\.pem: OK/)
      t.match(verify(t, ca.root, leaf, { args: ['-verify_ip', '2001:db8::1'] }), /leaf\.pem: OK/)
    }
    t.match(verify(t, ca.root, await ca.issue({ key, dns: 'a.example' }), asServer), /leaf\.pem: OK/, 'an empty subject')
  })

  test(`openssl: CRLs of ${key} keys are checked all the way up, delta CRLs too`, async (t) => {
    const ca = await createDevCa({ key })
    const middle = await ca.intermediate({ key })
    const [good, bad, later] = [await middle.issue({ cn: 'good' }), await middle.issue({ cn: 'bad' }), await middle.issue({ cn: 'later' })]
    middle.revoke(bad, { reason: 'keyCompromise' })
    const base = await middle.crl()
    const crls = [(await ca.crl()).pem, base.pem]
    const args = ['-crl_check_all']
    t.match(verify(t, ca.root, good, { args, crls }), /leaf\.pem: OK/)
    t.match(verify(t, ca.root, later, { args, crls }), /leaf\.pem: OK/)
    t.match(verify(t, ca.root, bad, { args, crls }), /error 23 .*certificate revoked/)
    t.match(verify(t, ca.root, good, { args, crls: crls.slice(0, 1) }), /error 3 .*unable to get certificate CRL/)
    middle.revoke(later)
    const delta = { args: ['-crl_check', '-use_deltas', '-extended_crl'], crls: [base.pem, (await middle.crl({ deltaBase: base.number })).pem] }
    // The complete CRL must say that it has deltas before OpenSSL looks for one; the delta itself must be readable.
    t.match(describeCrl(t, delta.crls[1] ?? ''), /Delta CRL Indicator: critical\s+1\b/)
    t.match(describeCrl(t, delta.crls[1] ?? ''), new RegExp(`Serial Number: ${later.serialNumber.toUpperCase()}`))
    t.notMatch(describeCrl(t, delta.crls[1] ?? ''), new RegExp(bad.serialNumber.toUpperCase()))
  })
}

function describeCrl (t: Test, pem: string): string {
  const file = join(t.testdir({ 'crl.pem': pem }), 'crl.pem')
  return run('crl', '-in', file, '-noout', '-text')
}

test('openssl: what is wrong on purpose is refused, each for its reason', async (t) => {
  const ca = await createDevCa()
  const below = await (await ca.intermediate()).intermediate()
  const stranger = await createDevCa({ name: 'Stranger' })
  const hour = 3_600_000
  const critical = { oid: '1.2.3.4', critical: true, value: Uint8Array.of(5, 0) }
  const cases: ReadonlyArray<[IssuedCertificate, object, RegExp]> = [
    [await ca.issue({ profile: 'server' }), asClient, /(unsupported|unsuitable) certificate purpose/],
    [await ca.issue({ profile: 'client', dns: 'a.example' }), asServer, /(unsupported|unsuitable) certificate purpose/],
    [await ca.issue({ cn: 'a.example', dns: 'b.example' }), asServer, /hostname mismatch/i],
    [await ca.issue({ cn: 'x', notAfter: new Date(Date.now() - hour) }), {}, /certificate has expired/],
    [await ca.issue({ cn: 'x', notBefore: new Date(Date.now() + hour) }), {}, /not yet valid/],
    [await stranger.issue({ cn: 'x' }), {}, /unable to get local issuer|unable to verify the first/],
    [await below.issue({ cn: 'x' }), {}, /path length constraint exceeded/],
    [await ca.issue({ cn: 'x', extensions: [critical] }), {}, /unhandled critical extension/],
  ]
  for (const [leaf, options, expected] of cases) t.match(verify(t, ca.root, leaf, options), expected)
})

test('openssl: names of every kind and encoding read as they were given', async (t) => {
  const ca = await createDevCa()
  const subject = [
    { type: 'O', value: 'printable', encoding: 'printable' }, { type: 'OU', value: 'Zoë', encoding: 't61' },
    [{ type: 'CN', value: 'a, b' }, { type: 'UID', value: 'u', encoding: 'ia5' }], { type: 'L', value: '漢', encoding: 'bmp' }, { type: 'ST', value: '🔑', encoding: 'universal' }
  ] as const
  const leaf = await ca.issue({ subject, dns: 'a.example', email: 'a@example.com', uri: 'https://a.example/', upn: 'anna@corp.example', directoryName: [{ type: 'CN', value: 'dir' }] })
  const file = join(t.testdir({ 'leaf.pem': leaf.cert }), 'leaf.pem')
  const text = run('x509', '-in', file, '-noout', '-text', '-nameopt', 'RFC2253,-esc_msb,utf8,show_type')
  t.match(text, /Subject: ST=UNIVERSALSTRING:🔑,L=BMPSTRING:漢,.*OU=T61STRING:Zoë,O=PRINTABLESTRING:printable/)
  t.match(text, /CN=UTF8STRING:a\\, b/)
  t.match(text, /DirName:.*CN ?= ?(UTF8STRING:)?dir/)
  for (const part of ['DNS:a.example', 'email:a@example.com', 'URI:https://a.example/', 'anna@corp.example', 'For development and tests only']) t.match(text, part)
})

test('openssl: a stored CA and its key belong together, and it can sign with them', async (t) => {
  for (const key of KEYS) {
    const ca: DevCa = await createDevCa({ key })
    const folder = t.testdir({})
    await storeDevCa(ca, join(folder, 'pki'))
    t.same(readdirSync(folder), ['pki'])
    const file = (name: string): string => join(folder, 'pki', name)
    t.equal(run('pkey', '-in', file('ca.key'), '-pubout'), run('x509', '-in', file('ca.pem'), '-noout', '-pubkey'), key)
    writeFileSync(file('own.cnf'), '')
    run('req', '-new', '-newkey', 'ed25519', '-nodes', '-keyout', file('own.key'), '-out', file('own.csr'), '-subj', '/CN=own')
    run('x509', '-req', '-in', file('own.csr'), '-CA', file('ca.pem'), '-CAkey', file('ca.key'), '-out', file('own.pem'), '-days', '1')
    t.match(run('verify', '-CAfile', file('root.pem'), file('own.pem')), /own\.pem: OK/, key)
  }
})
