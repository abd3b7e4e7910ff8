import { test } from 'tap'
import { readFile, truncate } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { Ajv2020 as Ajv } from 'ajv/dist/2020.js'
import { guardedApp, mtlsApp, withPlaces } from './support/app.ts'
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

test('a file URL will do', async (t) => {
  const file = await write('{"defaultRules":"authenticated"}')
  const { status } = await fileApp(t, file, (app) => { app.get('/', answer) }, { file: pathToFileURL(file) })
  t.equal(await status(ops, '/'), 200)
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

test('the published JSON Schema says of a file what the reader says', async (t) => {
  const read = async (url: URL): Promise<object> => JSON.parse(await readFile(url, 'utf8'))
  const ajv = new Ajv({ strict: false, schemas: [await read(new URL('../../rules/schema.json', import.meta.url))] })
  const validate = ajv.compile(await read(new URL('../schema.json', import.meta.url)))
  const cases: readonly [string, boolean][] = [
    ['{"$schema":"x","groups":{"a":{"ou":"x"},"b":["a",{"cn":"y"}]},"defaultRules":["a"],"routes":{"GET /x":["b"],"GET,POST /y":"authenticated"}}', true],
    ['{"defaultRules":"public"}', true],
    ['{"$schema":"x"}', false],
    ['{"$schema":1,"defaultRules":"public"}', false],
    ['{"rule":"public"}', false],
    ['{"defaultRules":["authenticated"]}', true],
    ['{"defaultRules":5}', false],
    ['{"defaultRules":[]}', false],
    ['{"defaultRules":["public","authenticated"]}', false],
    ['{"groups":{"public":{"ou":"x"}}}', false],
    ['{"groups":{"a":{"uo":"x"}}}', false],
    ['{"groups":{"a":"b","b":{"ou":"x"}}}', true],
    ['{"groups":{"a":5}}', false],
    ['{"routes":{"get /x":"authenticated"}}', false],
    ['{"routes":{"GET /x":{"ou":"x"}}}', true],
    ['{"routes":{"GET /x":{"uo":"x"}}}', false],
    ['[]', false],
  ]
  for (const [text, valid] of cases) {
    t.equal(validate(JSON.parse(text)), valid, text)
    const { app } = await mtlsApp({}, { clientCertificate: 'optional' })
    const start = (async () => {
      await app.register(fastifyAllowedClients, withPlaces({ file: await write(text), watch: false }))
      for (const method of ['GET', ['GET', 'POST']]) app.route({ method, url: method === 'GET' ? '/x' : '/y', handler: answer, exposeHeadRoute: false })
      await app.ready()
    })()
    if (valid) await t.resolves(start, text)
    else await t.rejects(start, { code: 'MTLS_ERR_RULES_FILE_INVALID' }, text)
  }
})

test('a relative path starts where the process was when it read the file first', async (t) => {
  const file = await write('{"defaultRules":{"ou":"billing"}}')
  const before = process.cwd()
  t.after(() => { process.chdir(before) })
  process.chdir(dirname(file))
  const { app } = await fileApp(t, basename(file), () => {}, { watch: false })
  process.chdir(before)
  await app.mtls.reload()
  t.equal(app.mtls.rulesVersion, 1)
})

test('does not start on rules for a route that is not there, or that has rules in code', async (t) => {
  const file = await write('{"routes":{"GET /a":"authenticated","HEAD /own":"authenticated"}}')
  const { app } = await guardedApp({ file, watch: false })
  app.get('/b', answer)
  await t.rejects(async () => { await app.ready() }, { code: 'MTLS_ERR_RULES_FILE_INVALID', reason: 'unknown_route', message: /GET \/a/ })
  const { app: coded } = await guardedApp({ file, watch: false })
  coded.get('/a', { config: { allowedClients: 'authenticated' } }, answer)
  await t.rejects(async () => { await coded.ready() }, { reason: 'structure', message: /has rules in code/ })
})

test('a route of several methods is named by all of them', async (t) => {
  const file = await write('{"routes":{"GET,POST /a":[{"ou":"ops"}]}}')
  const { status } = await fileApp(t, file, (app) => {
    app.route({ method: ['GET', 'POST'], url: '/a', handler: answer, exposeHeadRoute: false })
    app.head('/a', { config: { allowedClients: [{ ou: 'billing' }] } }, answer)
  })
  t.equal(await status(ops, { method: 'POST', url: '/a' }), 200)
  t.equal(await status(billing, { method: 'POST', url: '/a' }), 403)
})

test('scopes narrow what a file allows', async (t) => {
  const file = await write('{"routes":{"GET /p/a":"authenticated"}}')
  const made = await guardedApp({ file, watch: false })
  await made.app.register(async (scope) => {
    scope.mtls.allow([{ ou: 'ops' }])
    scope.get('/a', answer)
  }, { prefix: '/p' })
  const { status } = made
  t.equal(await status(ops, '/p/a'), 200)
  t.equal(await status(billing, '/p/a'), 403)
})
