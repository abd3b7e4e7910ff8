import { test } from 'tap'
import { truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { mtlsApp, withPlaces } from './support/app.ts'
import fastifyAllowedClients from '../src/index.ts'
import { billing, ops } from './support/people.ts'
import { answer, directory, fileApp, write } from './support/rules-files.ts'

test('reads groups, app-wide rules and routes from JSON and from YAML', async (t) => {
  const yaml = `
groups:
  billing: { ou: billing }
defaultRules: [{ ou: ops }]
routes:
  GET /invoices: [billing]
  "POST /invoices": authenticated
`
  const json = JSON.stringify({ groups: { billing: { ou: 'billing' } }, defaultRules: [{ ou: 'ops' }], routes: { 'GET /invoices': ['billing'], 'POST /invoices': 'authenticated' } })
  for (const file of [await write(yaml, 'yaml'), await write(yaml, 'yml'), await write('\uFEFF' + json)]) {
    const { app, status } = await fileApp(t, file, (app) => {
      app.get('/invoices', answer)
      app.post('/invoices', answer)
      app.get('/other', answer)
      app.get('/code', { config: { allowedClients: ['billing', { cn: 'o' }] } }, answer)
    })
    t.equal(await status(billing, '/invoices'), 200)
    t.equal(await status(billing, { method: 'HEAD', url: '/invoices' }), 200)
    t.equal(await status(ops, '/invoices'), 403)
    t.equal(await status(ops, { method: 'HEAD', url: '/invoices' }), 403)
    t.equal(await status(ops, { method: 'POST', url: '/invoices' }), 200)
    t.equal(await status(ops, '/other'), 200)
    t.equal(await status(billing, '/other'), 403)
    t.equal(await status(ops, '/code'), 200)
    t.match(app.mtls.printRoutes(), 'file routes["GET /invoices"]:')
    t.equal(app.mtls.rulesVersion, 1)
  }
})

test('rules about claims and extensions can be in a file, as objects', async (t) => {
  const file = await write(`
groups:
  providers:
    qualified: { type: web, psd2: { roles: [PSP_AI, PSP_PI], authority: DE-BAFIN } }
    subject: { organizationIdentifier: { type: PSD, country: DE } }
routes:
  GET /plain:
    - ou: billing
      keyUsage: digitalSignature
      not:
        - qualified: { psd2: { roles: PSP_AI } }
        - admission: { profession: 1.2.276.0.76.4.50, registrationNumber: '1' }
        - extension: { oid: 1.2.3.4, critical: true, value: [blue, 5, { octets: 00ff }] }
  GET /providers: providers
`, 'yaml')
  const { status } = await fileApp(t, file, (app) => {
    app.get('/plain', answer)
    app.get('/providers', answer)
  })
  t.same([await status(billing, '/plain'), await status(ops, '/plain'), await status(billing, '/providers')], [200, 403, 403])
  const wrong = await write('groups: { a: { qualified: { psd2: { role: PSP_AI } } } }', 'yaml')
  await t.rejects(fileApp(t, wrong, () => {}), { message: /groups\.a\.qualified\.psd2\.role: .*did you mean "roles"\?/ })
})

test('does not start on a bad file', async (t) => {
  const cases: readonly [string | Uint8Array, string, string, RegExp][] = [
    ['{', 'json', 'malformed', /JSON/],
    ['', 'json', 'structure', /the file is empty/],
    ['', 'yaml', 'structure', /the file is empty/],
    ['[]', 'json', 'structure', /expected an object/],
    ['{}', 'json', 'structure', /the file is empty/],
    ['{"client":{}}', 'json', 'structure', /unknown key "client"; expected one of groups, defaultRules, routes/],
    ['{"groups":[]}', 'json', 'structure', /groups: expected/],
    ['{"routes":[]}', 'json', 'structure', /routes: expected/],
    ['{"groups":{"a":{"ou":"x"},"\\u0061":{"ou":"y"}}}', 'json', 'malformed', /duplicate key "a"/],
    ['{"groups":{"a":{"ou":["{\\"", "x"],"ou":"y"}}}', 'json', 'malformed', /duplicate key "ou"/],
    ['groups: { a: { ou: x }, a: { ou: y } }', 'yaml', 'malformed', /unique/],
    ['groups: { a: !weird { ou: x } }', 'yaml', 'malformed', /tag/],
    ['a: &a [x,x]\nb: &b [*a,*a]\nc: &c [*b,*b]\nd: &d [*c,*c]\ne: &e [*d,*d]\nf: &f [*e,*e]\ng: [*f,*f,*f,*f]', 'yaml', 'malformed', /alias/i],
    ['groups: { a: &a { ou: x, not: *a } }', 'yaml', 'malformed', /the alias \*a is inside of what it stands for/],
    ['groups: { ? [a] : { ou: x } }', 'yaml', 'malformed', /Map keys must be text: found a list or an object at line 1/],
    ['groups: { &k a: { ou: x }, *k : { ou: y } }', 'yaml', 'malformed', /Map keys must be unique: found "a" again/],
    ['groups: &a\n  b: *a', 'yaml', 'malformed', /the alias \*a is inside/],
    ['groups: &a [[*a]]', 'yaml', 'malformed', /the alias \*a is inside/],
    [`groups: { a: ${'['.repeat(250)}${']'.repeat(250)} }`, 'yaml', 'malformed', /more than 200 levels/],
    [`groups: { a: ${'{'.repeat(16_000)}`, 'yaml', 'malformed', /more than 200 levels/],
    [Uint8Array.of(0x7b, 0xff, 0x7d), 'json', 'malformed', /UTF-8/],
    ['{"groups":{"a":{"uo":"x"}}}', 'json', 'rule_invalid', /groups\.a\.uo.*did you mean "ou"/],
    ['{"defaultRules":["nobody"]}', 'json', 'rule_invalid', /defaultRules\[0\]/],
    ['{"defaultRules":"identified"}', 'json', 'rule_invalid', /defaultRules: found "identified"/],
    ['{"defaultRules":["authenticated",{"ou":"x"}]}', 'json', 'rule_invalid', /"authenticated" among other rules/],
    ['{"groups":{"public":{"ou":"x"}}}', 'json', 'rule_invalid', /"public" is a reserved word/],
    ['{"routes":{"GET /x":[{}]}}', 'json', 'rule_invalid', /routes\["GET \/x"\]\[0\]/],
    ['{"groups":{"coded":{"ou":"x"}}}', 'json', 'structure', /groups\.coded is also in code/],
  ]
  for (const [text, extension, reason, message] of cases) {
    const file = await write(text, extension)
    const { app } = await mtlsApp()
    await t.rejects(async () => { await app.register(fastifyAllowedClients, withPlaces({ file, groups: { coded: { ou: 'x' } } })) }, { code: 'MTLS_ERR_RULES_FILE_INVALID', reason, file, message }, String(message))
  }
  const { app } = await mtlsApp()
  await t.rejects(async () => { await app.register(fastifyAllowedClients, withPlaces({ file: join(directory, 'missing.json') })) }, { code: 'MTLS_ERR_RULES_FILE_INVALID', reason: 'unreadable', message: /ENOENT/ })
  for (const [extension, most] of [['json', 256], ['yaml', 64]] as const) {
    const file = await write('', extension)
    await truncate(file, most * 1024 * 1024 + 1)
    const { app } = await mtlsApp()
    await t.rejects(async () => { await app.register(fastifyAllowedClients, withPlaces({ file })) }, {
      reason: 'too_large', message: `found ${most * 1024 * 1024 + 1} bytes (at most ${most * 1024 * 1024})`
    })
  }
  const { app: twice } = await mtlsApp()
  const rules = await write('{"defaultRules":"authenticated"}')
  await t.rejects(async () => { await twice.register(fastifyAllowedClients, withPlaces({ file: rules, defaultRules: 'authenticated' })) }, { reason: 'structure', message: /in one place/ })
})
