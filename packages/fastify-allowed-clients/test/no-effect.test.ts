import fastifyAllowedClients from '../src/index.ts'
import type { FastifyAllowedClientsOptions } from '../src/index.ts'
import { test } from 'tap'
import { guardedApp, mtlsApp } from './support/app.ts'
import { billing } from './support/people.ts'

const code = 'MTLS_ERR_ALLOWED_CLIENTS_OPTION'
const answer = async (): Promise<string> => 'x'

test('options that would have no effect are refused with their names', async (t) => {
  const wrong: Array<[object, RegExp]> = [
    [{ watch: { debounce: 5 } }, /watch has settings, but there is no file to watch; expected the option file, or no watch/],
    [{ groups: new Map([['a', { ou: 'x' }]]) }, /groups is a Map; expected an object of rules by name/],
    [{ groups: new Set(['a']) }, /groups is a Set; expected an object of rules by name/],
    [{ groups: ['a'] }, /groups is a list; expected an object of rules by name/],
    [{ file: 'rules.txt' }, /file is a name that ends in "\.txt"; expected a name that ends in \.json, \.yaml or \.yml/],
    [{ file: new URL('file:///etc/rules') }, /file is a name without an extension; expected a name that ends in/]
  ]
  for (const [options, message] of wrong) {
    const { app } = await mtlsApp()
    await t.rejects(async () => { await app.register(fastifyAllowedClients, options as FastifyAllowedClientsOptions) }, { code, message })
  }
})

test('rules for everyone are refused where the server requires certificates', async (t) => {
  const missing = await guardedApp({ notFoundRules: 'public' })
  await t.rejects(async () => { await missing.app.ready() }, { code, message: /notFoundRules are 'public', but the server refuses clients without a certificate in the handshake; expected .*'authenticated'/ })
  const { app } = await guardedApp()
  t.throws(() => { app.mtls.guardUpgrades('public') }, { code, message: /the rules of app\.mtls\.guardUpgrades\(\) are 'public', but the server refuses/ })
  const optional = await guardedApp({ notFoundRules: 'public' }, {}, { clientCertificate: 'optional' })
  optional.app.mtls.guardUpgrades('public')
  t.equal(await optional.status(null, '/nowhere'), 404)
})

test('a misspelt word, undefined and a scope without a prefix are named', async (t) => {
  const { app } = await guardedApp({ groups: { billing: { ou: 'billing' } } })
  for (const [rules, message] of [
    ['Public', /GET \/x: config\.allowedClients: found "Public", which is no group; did you mean 'public'\?/],
    [['autenticated'], /found "autenticated", which is no group; did you mean 'authenticated'\?/],
    [undefined, /GET \/x: config\.allowedClients is undefined; expected rules/]
  ] as const) t.throws(() => app.get('/x', { config: { allowedClients: rules as never } }, answer), { code, message })
  t.throws(() => app.get('/x', { config: { allowedClients: 'biling' } }, answer), { message: /did you mean "billing"\?/ })
  t.throws(() => { app.mtls.guardUpgrades(undefined as never) }, { code, message: /app\.mtls\.guardUpgrades\(rules\) is undefined/ })

  await app.register(async function audit (scope) {
    t.throws(() => { scope.mtls.allow(undefined as never) }, { code, message: /scope of the plugin audit: rules is undefined/ })
    scope.mtls.allow('billing')
    scope.get('/trail', answer)
  })
  await app.register(async (scope) => {
    scope.mtls.allow('billing')
    scope.get('/other', answer)
  })
  await app.ready()
  t.match(app.mtls.printRoutes(), /in scope of the plugin audit[^]*in scope without a prefix/)
})

test('a rules file says what is near, and that it is empty', async (t) => {
  const folder = t.testdir({ 'near.yaml': 'routes:\n  GET /invoice: authenticated\n', 'far.yaml': 'routes:\n  DELETE /q: authenticated\n', 'empty.json': ' \n', 'comment.yaml': '# nothing\n' })
  for (const [file, message] of [['near.yaml', /routes\["GET \/invoice"\]: the app has no such route; did you mean "GET \/invoices"\?/], ['far.yaml', /no such route; expected "METHOD \/pattern"/]] as const) {
    const { app } = await guardedApp({ file: `${folder}/${file}`, watch: false })
    app.get('/invoices', answer)
    await t.rejects(async () => { await app.ready() }, { reason: 'unknown_route', message })
  }
  for (const file of ['empty.json', 'comment.yaml']) {
    await t.rejects(async () => { await guardedApp({ file: `${folder}/${file}` }) }, { reason: 'structure', message: /the file is empty; expected groups/ })
  }
})

test('a rules file that names one method of a route with many gets the whole name', async (t) => {
  const folder = t.testdir({ 'one.yaml': 'routes:\n  POST /greet: authenticated\n' })
  const { app } = await guardedApp({ file: `${folder}/one.yaml`, watch: false })
  app.all('/greet', answer)
  await t.rejects(async () => { await app.ready() }, {
    reason: 'unknown_route', message: /routes\["POST \/greet"\].*expected all methods of that route: "GET,HEAD,[A-Z,]+ \/greet"/
  })
})

test('a refused rules file and a wrong answer of a function are one line each, without a stack', async (t) => {
  const folder = t.testdir({ 'rules.json': '{"groups":{"a":{"ou":"billing"}}}' })
  const file = `${folder}/rules.json`
  const { app, lines, status } = await guardedApp({ file, watch: false })
  app.get('/', { config: { allowedClients: () => 'yes' as never } }, answer)
  t.equal(await status(billing, '/'), 403)
  const { writeFile } = await import('node:fs/promises')
  await writeFile(file, '{"group":{}}')
  await t.rejects(app.mtls.reload(), { code: 'MTLS_ERR_RULES_FILE_INVALID', reason: 'structure' })
  const [denied, refused] = lines.filter(({ level }) => level >= 40)
  t.match(denied, { reason: 'predicate_failed', detail: /must return true or false: .* returned string/, err: undefined })
  t.match(refused, { code: 'MTLS_ERR_RULES_FILE_INVALID', reason: 'structure', detail: /unknown key "group"/, file, err: undefined })
  t.notMatch(JSON.stringify([denied, refused]), /"stack"/)
})
