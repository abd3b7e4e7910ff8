import t, { test } from 'tap'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { memoryCredentials } from '@peerkit/credentials'
import { createDevCa } from '@peerkit/dev-ca'
import fastifyMtls, { injectAs, withMtls } from '@peerkit/fastify-mtls'
import { createPartialIdentity, limitPeerIdentity } from '@peerkit/identity'
import type { RuleAuthority } from '@peerkit/rules'
import Fastify from 'fastify'
import type { FastifyInstance } from 'fastify'
import fastifyAllowedClients from '../src/index.ts'
import type { FastifyAllowedClientsOptions } from '../src/index.ts'
import { withPlaces } from './support/app.ts'
import { identifier } from './support/identified-app.ts'
import { billing, ops } from './support/people.ts'

const directory = await mkdtemp(join(tmpdir(), 'peerkit-authorities-'))
t.teardown(async () => { await rm(directory, { recursive: true }) })

const internal: RuleAuthority = { name: 'internal', vouchesFor: () => true, mayClaim: () => undefined }
const partner: RuleAuthority = { name: 'partner', vouchesFor: (kind) => kind === 'spiffe', mayClaim: () => undefined }
const other: RuleAuthority = { ...internal, name: 'other' }

const people = {
  internal: limitPeerIdentity(billing, 'internal', []),
  partner: limitPeerIdentity(billing, 'partner', ['subject']),
  other: limitPeerIdentity(ops, 'other', []),
}

interface Line { level: number, msg: string, path?: string, reason?: string, nearest?: any }
interface TestApp {
  readonly app: FastifyInstance
  readonly warnings: () => readonly (string | undefined)[]
  readonly lines: Line[]
  status (peer: keyof typeof people, url: string): Promise<number>
}

/** An app whose server says which authorities it knows, as `tell` answers at the time. */
async function toldApp (tell: unknown, options: FastifyAllowedClientsOptions = {}): Promise<TestApp> {
  const lines: Line[] = []
  const app = Fastify({ logger: { level: 'warn', stream: { write (line: string) { lines.push(JSON.parse(line)) } } } })
  if (tell !== undefined) Object.assign(app.server, { [Symbol.for('peerkit.authorities')]: tell })
  await app.register(identifier(true, people))
  await app.register(fastifyAllowedClients, withPlaces({ watch: false, ...options }))
  return {
    app,
    lines,
    warnings: () => lines.filter(({ path }) => path !== undefined).map(({ msg }) => msg),
    status: async (peer, url) => (await app.inject({ url, headers: { 'x-test-peer': peer } })).statusCode,
  }
}

const answer = async (): Promise<string> => 'x'

test('rules may ask for the authority that vouches, and believe no names of another', async (t) => {
  const { app, status, lines } = await toldApp(() => [internal, partner])
  app.get('/internal', { config: { allowedClients: [{ authority: 'internal' }] } }, answer)
  app.get('/partner', { config: { allowedClients: [{ authority: 'partner' }] } }, answer)
  app.get('/billing', { config: { allowedClients: [{ ou: 'billing' }] } }, answer)
  t.equal(await status('internal', '/internal'), 200)
  t.equal(await status('partner', '/internal'), 403)
  t.equal(await status('internal', '/partner'), 403)
  t.equal(await status('partner', '/partner'), 200)
  t.equal(await status('internal', '/billing'), 200)
  t.equal(await status('partner', '/billing'), 403, 'it claims to be of billing')
  t.match(lines.at(-1), {
    msg: 'client denied',
    reason: 'incomplete_identity',
    nearest: {
      failed: [{ key: 'ou', found: ['billing'], note: /^not believed: authority "partner" vouches for spiffe, / }]
    },
  })
})

test('rules are checked against the authorities that the server knows', async (t) => {
  const { app } = await toldApp(() => [internal, partner])
  const add = (rule: object) => () => app.get('/x', { config: { allowedClients: [rule] } }, answer)
  t.throws(
    add({ authority: 'partnr' }),
    { message: /GET \/x: config\.allowedClients\[0\]\.authority.*did you mean "partner"/ }
  )
  t.throws(
    add({ authority: 'partner', ou: 'billing' }),
    { code: 'MTLS_ERR_RULE_INVALID', message: /\[0\]\.ou.*authority "partner" does not vouch for subject/ }
  )
  t.throws(() => app.mtls.allow([{ authority: 'nobody' }]), { message: /scope \/: rules\[0\]\.authority/ })
  await t.rejects(
    toldApp(() => [internal], { groups: { a: { authority: 'partner' } } }),
    { code: 'MTLS_ERR_RULE_INVALID', message: /groups\.a\.authority/ }
  )
  await t.rejects(
    toldApp(() => [partner], { defaultRules: [{ ou: 'x' }] }), { code: 'MTLS_ERR_RULE_INVALID', message: /defaultRules\[0\]\.ou/ }
  )
})

test('what the log warns of depends on the authorities', async (t) => {
  const options: FastifyAllowedClientsOptions = { groups: { billing: { ou: 'billing' } }, defaultRules: ['billing'] }
  const matches = 'groups.billing: matches ou only'
  const rivals = `${matches}, which authorities internal and other may both claim; add "authority"`
  const unknown = `${matches}, from any trusted CA; if you trust several, add "authority" or "issuer"`
  const cases: readonly [unknown, readonly string[]][] = [
    [() => [internal, other], [rivals]], [() => [internal, partner], []], [() => [internal], []],
    [undefined, [unknown]], [() => undefined, [unknown]], [() => [], [unknown]], ['internal', [unknown]],
  ]
  for (const [tell, expected] of cases) t.same((await toldApp(tell, options)).warnings(), expected)
})

test('the server is asked when rules are compiled, and not before', async (t) => {
  const known = [internal]
  let asked = 0
  const tell = (): readonly RuleAuthority[] => {
    asked++
    return [...known]
  }
  const { app, warnings, status } = await toldApp(tell)
  const before = asked
  app.get('/a', { config: { allowedClients: [{ ou: 'ops' }] } }, answer)
  t.same(warnings(), [])
  known.push(other)
  app.get('/b', { config: { allowedClients: [{ ou: 'ops', cn: 'o' }] } }, answer)
  t.match(warnings(), [/which authorities internal and other/])
  t.equal(asked, before + 2, 'once for each set of rules')
  t.equal(await status('other', '/b'), 200)
  t.equal(asked, before + 2, 'and never for a request')
})

test('an authority may be told of after the plugin was registered', async (t) => {
  const { app } = await toldApp(undefined)
  Object.assign(app.server, { [Symbol.for('peerkit.authorities')]: () => [internal] })
  t.throws(
    () => app.get('/x', { config: { allowedClients: [{ authority: 'partner' }] } }, answer),
    { code: 'MTLS_ERR_RULE_INVALID', message: /"internal"/ }
  )
})

test('a reload of the rules is checked against what the server knows by then', async (t) => {
  const file = join(directory, 'rules.json')
  const write = async (authority: string): Promise<void> => {
    await writeFile(file, JSON.stringify({ defaultRules: [{ authority }] }))
  }
  const known = [internal]
  await write('other')
  await t.rejects(
    toldApp(() => known, { file }),
    { code: 'MTLS_ERR_RULES_FILE_INVALID', reason: 'rule_invalid', message: /defaultRules\[0\]\.authority: found "other"/ }
  )
  await write('internal')
  const { app, status } = await toldApp(() => known, { file })
  app.get('/', answer)
  await app.ready()
  t.equal(await status('internal', '/'), 200)
  await write('other')
  await t.rejects(app.mtls.reload(), { code: 'MTLS_ERR_RULES_FILE_INVALID', reason: 'rule_invalid' })
  t.equal(await status('internal', '/'), 200, 'a bad file changes nothing')
  known.push(other)
  await app.mtls.reload()
  t.equal(await status('internal', '/'), 403)
  t.equal(await status('other', '/'), 200)
})

test('rules are looked at again when the authorities change, and only then', async (t) => {
  const [own, acme, other] = [await createDevCa({ name: 'Own' }), await createDevCa({ name: 'Acme' }), await createDevCa({ name: 'Other' })]
  const { chain: cert, key } = await own.issue({ dns: 'localhost' })
  const internalNow = { ca: own.root, names: { spiffe: 'spiffe://own.example' } }
  const acmeNow = { ca: acme.root, for: 'clients', names: { spiffe: 'spiffe://acme.example' } } as const
  const credentials = memoryCredentials({ cert, key, authorities: { internal: internalNow, acme: acmeNow } })
  const lines: any[] = []
  const app = Fastify(withMtls(credentials, { logger: { level: 'warn', stream: { write: (line: string) => { lines.push(JSON.parse(line)) } } } }))
  t.after(async () => { await app.close() })
  await app.register(fastifyMtls, { closeCredentials: true })
  await app.register(fastifyAllowedClients, { groups: { acme: { spiffe: 'spiffe://acme.example/**' } }, defaultRules: 'acme' })
  app.get('/', { config: { allowedClients: { spiffe: 'spiffe://acme.example/orders' } } }, async () => 'x')
  await app.ready()
  const told = (): string[] => lines.splice(0).map(({ msg, path }) => `${String(path)}: ${String(msg)}`).filter((line) => line.includes('after a change of the authorities'))
  t.same(told(), [])

  const listed = { ...internalNow, crl: (await own.crl()).pem }
  credentials.update({ authorities: { internal: listed, acme: acmeNow } })
  t.same(told(), [], 'a list is no change of names')

  credentials.update({ authorities: { internal: listed, acme: acmeNow, other: { ca: other.root, names: 'any' } } })
  t.match(told(), [
    /^defaultRules: after a change of the authorities: .*which authorities acme and other may both claim/,
    /^GET \/: config\.allowedClients: after a change of the authorities: .*which authorities acme and other may both claim/
  ])

  credentials.update({ authorities: { internal: listed } })
  t.match(told(), [/^groups: after a change of the authorities: Invalid rule: groups\.acme\.spiffe: .*authority "internal" may not claim/])
  t.equal((await injectAs(app, createPartialIdentity({ subjectAltNames: { uri: ['spiffe://acme.example/orders'] } }), '/')).statusCode, 200, 'the rules in force stay')
})

test('of rules that a change of the authorities makes impossible each is told, and none after the app has closed', async (t) => {
  const own = await createDevCa({ name: 'Own' })
  const { chain: cert, key } = await own.issue({ dns: 'localhost' })
  const authority = (path: string): object => ({ ca: own.root, names: { spiffe: `spiffe://${path}.example` } })
  const credentials = memoryCredentials({ cert, key, authorities: { internal: authority('own') as any } })
  t.after(async () => { await credentials.close() })
  const paths: string[] = []
  const stream = {
    write (line: string) {
      const { path, msg } = JSON.parse(line)
      if (String(msg).startsWith('after a change of the authorities')) paths.push(path)
    }
  }
  const app = Fastify(withMtls(credentials, { logger: { level: 'warn', stream } }))
  t.after(async () => { await app.close() })
  await app.register(fastifyMtls)
  await app.register(fastifyAllowedClients, { defaultRules: { spiffe: 'spiffe://own.example/a' } })
  for (const name of ['b', 'c']) {
    app.get(`/${name}`, { config: { allowedClients: { spiffe: `spiffe://own.example/${name}` } } }, answer)
  }
  await app.ready()
  credentials.update({ authorities: { internal: authority('other') as any } })
  t.same(paths, ['defaultRules', 'GET /b: config.allowedClients', 'GET /c: config.allowedClients'])
  credentials.update({ authorities: { internal: authority('own') as any } })
  await app.close()
  credentials.update({ authorities: { internal: authority('other') as any } })
  t.equal(paths.length, 3, 'the credentials are used by others, who are told themselves')
})
