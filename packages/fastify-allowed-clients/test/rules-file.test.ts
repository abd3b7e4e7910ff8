import { test } from 'tap'
import { execFileSync } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { mkdir, mkdtemp, readFile, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { RulesRefusedMessage } from '../src/index.ts'
import { Ajv2020 as Ajv } from 'ajv/dist/2020.js'
import inject from 'light-my-request'
import { guardedApp, mtlsApp, withPlaces } from './support/app.ts'
import fastifyAllowedClients from '../src/index.ts'
import { billing, ops } from './support/people.ts'
import { answer, directory, fileApp, follow, write } from './support/rules-files.ts'

test('a file URL will do', async (t) => {
  const file = await write('{"defaultRules":"authenticated"}')
  const { status } = await fileApp(t, file, (app) => { app.get('/', answer) }, { file: pathToFileURL(file) })
  t.equal(await status(ops, '/'), 200)
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

test('a reload is whole or nothing, and a bad file changes nothing', async (t) => {
  const good = JSON.stringify({ groups: { a: { ou: 'billing' }, b: { ou: 'billing' } } })
  const file = await write(good)
  const { app, status, lines } = await fileApp(t, file, (app) => {
    app.get('/a', { config: { allowedClients: ['a'] } }, answer)
    app.get('/b', { config: { allowedClients: ['b'] } }, answer)
    app.register(async (scope) => {
      scope.mtls.allow(['b'])
      scope.get('/s', answer)
    })
  }, { notFoundRules: ['a'] })
  const events = follow(t, file)
  for (const bad of ['{', '{"groups":{"a":{"ou":"ops"}}}', '{"groups":{"a":{"ou":"ops"},"b":{"ou":""}}}', '{"groups":{"a":{"ou":"ops"},"b":{"ou":"ops"}},"routes":{"GET /zz":"authenticated"}}']) {
    const refused = once(events, 'refused')
    await writeFile(file, bad)
    await t.rejects(app.mtls.reload(), { code: 'MTLS_ERR_RULES_FILE_INVALID' }, bad)
    const [message] = await refused as [RulesRefusedMessage]
    t.match(message, { v: 1, file, generation: 1, error: { code: 'MTLS_ERR_RULES_FILE_INVALID' } })
    t.equal(await status(billing, '/a'), 200)
    t.equal(await status(ops, '/a'), 403)
    t.equal(await status(billing, '/s'), 200)
  }
  t.match(lines.find(({ msg }) => msg === 'rules file refused, the old rules stay in force'), { level: 50, file, generation: 1 })
  await rm(file)
  await t.rejects(app.mtls.reload(), { code: 'MTLS_ERR_RULES_FILE_INVALID', message: /ENOENT/ })
  const reloaded = once(events, 'reloaded')
  await writeFile(file, JSON.stringify({ groups: { a: { ou: 'ops' }, b: { ou: 'ops' } } }))
  await app.mtls.reload()
  t.match((await reloaded)[0], { v: 1, file, generation: 2 })
  for (const url of ['/a', '/b', '/s']) {
    t.equal(await status(ops, url), 200, url)
    t.equal(await status(billing, url), 403, url)
  }
  t.equal(await status(ops, '/nowhere'), 404)
  t.equal(app.mtls.rulesVersion, 2)
  await app.mtls.reload()
  t.equal(app.mtls.rulesVersion, 2, 'the same bytes are no change')
  t.match(app.mtls.routes()[0]?.counts, { allowed: 5, denied: 5 }, 'counts outlive reloads')
})

test('what is not found is judged by the new rules after a reload, also where it was asked for before', async (t) => {
  const groups = (ou: string): string => JSON.stringify({ groups: { a: { ou }, b: { ou } } })
  const file = await write(groups('billing'))
  const { app, status } = await fileApp(t, file, (app) => {
    app.get('/a', { config: { allowedClients: ['a'] } }, answer)
    app.register(async (scope) => {
      scope.mtls.allow(['b'])
      scope.get('/s', answer)
      scope.setNotFoundHandler(async (_request, reply) => await reply.code(404).send('none'))
    }, { prefix: '/p' })
  }, { notFoundRules: ['a'] })
  const ask = async (): Promise<number[]> => await Promise.all(['/nowhere', '/p/nowhere'].flatMap((url) => [status(billing, url), status(ops, url)]))
  t.same(await ask(), [404, 403, 404, 403])
  await writeFile(file, groups('ops'))
  await app.mtls.reload()
  t.same(await ask(), [403, 404, 403, 404])
})

test('reload() of a bad file fails each time, and the refusal is told once', async (t) => {
  const good = JSON.stringify({ groups: { a: { ou: 'billing' } } })
  const file = await write(good)
  const { app, status, lines } = await fileApp(t, file, (app) => {
    app.get('/a', { config: { allowedClients: ['a'] } }, answer)
  })
  const told = (): number => lines.filter(({ msg }) => msg === 'rules file refused, the old rules stay in force').length
  // The last one is right by itself, and wrong for the routes of the app.
  for (const [index, bad] of ['{', '{"groups":{"a":{"ou":""}}}', '{"groups":{"a":{"ou":"ops"}},"routes":{"GET /zz":"authenticated"}}'].entries()) {
    await writeFile(file, bad)
    for (const time of ['first', 'second', 'third']) {
      await t.rejects(app.mtls.reload(), { code: 'MTLS_ERR_RULES_FILE_INVALID' }, `${bad}: ${time}`)
      t.same([await status(billing, '/a'), await status(ops, '/a'), app.mtls.rulesVersion], [200, 403, 1], `${bad}: ${time}`)
    }
    t.equal(told(), index + 1, bad)
  }
  await writeFile(file, good)
  await app.mtls.reload()
  await writeFile(file, '{')
  await t.rejects(app.mtls.reload(), { code: 'MTLS_ERR_RULES_FILE_INVALID' })
  t.equal(told(), 4, 'a refusal after a good reading is a new one')
})

test("what happens to the caller's objects later does not reach a reload", async (t) => {
  const file = await write('{"groups":{"a":{"ou":"x"}}}')
  const rules: object[] = [{ ou: ['billing'] }]
  const groups: Record<string, object> = { mine: { ou: 'billing' } }
  const { app, status } = await fileApp(t, file, (app) => {
    app.get('/a', { config: { allowedClients: rules as never } }, answer)
    app.get('/b', { config: { allowedClients: ['mine'] } }, answer)
  }, { groups: groups as never })
  rules.push({ ou: 'ops' })
  ;(rules[0] as { ou: string[] }).ou.push('ops')
  groups['mine'] = { ou: 'ops' }
  await writeFile(file, '{"groups":{"a":{"ou":"y"}}}')
  await app.mtls.reload()
  t.equal(await status(ops, '/a'), 403)
  t.equal(await status(ops, '/b'), 403)
  t.equal(await status(billing, '/b'), 200)
})

test('a request whose predicate is being asked while the rules change is judged by the new ones', async (t) => {
  const file = await write('{"groups":{"a":{"ou":"billing"}}}')
  const events = new EventEmitter()
  const { app, status } = await guardedApp({ file, watch: false })
  await t.rejects(app.mtls.reload(), { code: 'MTLS_ERR_ALLOWED_CLIENTS_OPTION', message: /before the app was ready/ })
  await app.register(async (scope) => {
    scope.mtls.allow(['a'])
    scope.get('/a', {
      config: {
        allowedClients: [async () => {
          events.emit('asked')
          await once(events, 'go')
          return true
        }]
      }
    }, answer)
  })
  await app.ready()
  const asked = once(events, 'asked')
  const pending = status(billing, '/a')
  await asked
  await writeFile(file, '{"groups":{"a":{"ou":"ops"}}}')
  await app.mtls.reload()
  events.emit('go')
  t.equal(await pending, 403)
})

test('a change of the file takes effect by itself: written in place, renamed over, swapped by Kubernetes', async (t) => {
  const folder = await mkdtemp(join(directory, 'watched-'))
  await mkdir(join(folder, '..1'))
  await writeFile(join(folder, '..1', 'groups.json'), '{"groups":{"a":{"ou":"billing"}}}')
  await symlink('..1', join(folder, '..data'))
  const mounted = join(folder, 'mounted.json')
  await symlink(join('..data', 'groups.json'), mounted)
  const plain = await write('{"groups":{"a":{"ou":"billing"}}}')
  for (const [file, change] of [
    [plain, async () => { await writeFile(plain, '{"groups":{"a":{"ou":"ops"}}}') }],
    [plain, async () => { await rename(await write('{"groups":{"a":{"ou":"ops"}}}'), plain) }],
    [mounted, async () => {
      await mkdir(join(folder, '..2'))
      await writeFile(join(folder, '..2', 'groups.json'), '{"groups":{"a":{"ou":"ops"}}}')
      await symlink('..2', join(folder, '..data_tmp'))
      await rename(join(folder, '..data_tmp'), join(folder, '..data'))
    }],
  ] as const) {
    if (file === plain) await writeFile(plain, '{"groups":{"a":{"ou":"billing"}}}')
    const events = follow(t, file)
    const { app, status } = await guardedApp({ file, watch: { pollInterval: 50, debounce: 5 } })
    app.get('/', { config: { allowedClients: ['a'] } }, answer)
    // A watch alone does not keep a process running.
    await app.listen({ host: '127.0.0.1', port: 0 })
    t.equal(await status(billing, '/'), 200)
    const reloaded = once(events, 'reloaded')
    await change()
    await reloaded
    t.equal(await status(ops, '/'), 200)
    t.equal(await status(billing, '/'), 403)
    await app.close()
  }
})

test('a file that stays away is told of once, and taken when it is back', async (t) => {
  const file = await write('{"groups":{"a":{"ou":"billing"}}}')
  const events = follow(t, file)
  const { app, status, lines } = await guardedApp({ file, watch: { pollInterval: 5, debounce: 1 } })
  t.teardown(async () => { await app.close() })
  app.get('/', { config: { allowedClients: ['a'] } }, answer)
  await app.listen({ host: '127.0.0.1', port: 0 })
  const refused = once(events, 'refused')
  await rm(file)
  t.match(await refused, [{ error: { reason: 'unreadable' } }])
  await t.rejects(app.mtls.reload(), { code: 'MTLS_ERR_RULES_FILE_INVALID' })
  t.equal(await status(billing, '/'), 200)
  const reloaded = once(events, 'reloaded')
  await writeFile(file, '{"groups":{"a":{"ou":"ops"}}}')
  await reloaded
  t.equal(await status(ops, '/'), 200)
  // The file may have been seen empty, before its text was in it.
  t.equal(lines.filter(({ msg, reason }) => msg.startsWith('rules file refused') && reason === 'unreadable').length, 1)
})

const OTHERS: Readonly<Record<string, (file: string) => Promise<void>>> = {
  'a named pipe': async (file) => { execFileSync('mkfifo', [file]) },
  'an endless device': async (file) => { await symlink('/dev/zero', file) },
  'a folder': async (file) => { await mkdir(file) },
  'a file that is too large': async (file) => {
    await writeFile(file, '')
    await truncate(file, 256 * 1024 * 1024 + 1)
  }
}

for (const [what, put] of Object.entries(OTHERS)) {
  test(`${what} in place of the file stops neither reloads nor the end of the app`, async (t) => {
    const file = await write('{"groups":{"a":{"ou":"billing"}}}')
    const events = follow(t, file)
    const { app, status } = await guardedApp({ file, watch: { pollInterval: 50, debounce: 5 } })
    app.get('/', { config: { allowedClients: ['a'] } }, answer)
    await app.listen({ host: '127.0.0.1', port: 0 })
    const refused = once(events, 'refused')
    await rm(file)
    await put(file)
    await refused
    await t.rejects(app.mtls.reload(), { code: 'MTLS_ERR_RULES_FILE_INVALID', message: /found (something that is not a regular file|a directory|268435457 bytes)/ })
    t.equal(await status(billing, '/'), 200, 'the rules in force stay')
    const reloaded = once(events, 'reloaded')
    await rm(file, { recursive: true })
    await writeFile(file, '{"groups":{"a":{"ou":"ops"}}}')
    await reloaded
    t.equal(await status(billing, '/'), 403)
    await app.close()
    await rm(file)
    await put(file)
    await t.rejects(guardedApp({ file, watch: false }), { code: 'MTLS_ERR_RULES_FILE_INVALID' }, 'at the start too')
  })
}

test('a file behind two links is followed, wherever one of them is swapped', async (t) => {
  const folder = await mkdtemp(join(directory, 'links-'))
  for (const [name, ou] of [['1', 'billing'], ['2', 'ops']] as const) {
    await mkdir(join(folder, name))
    await writeFile(join(folder, name, 'rules.json'), `{"groups":{"a":{"ou":"${ou}"}}}`)
  }
  await symlink('1', join(folder, 'data'))
  await mkdir(join(folder, 'etc'))
  const file = join(folder, 'etc', 'rules.json')
  await symlink(join('..', 'data', 'rules.json'), file)
  const events = follow(t, file)
  // Only an event of the folder of the links can tell: the poll comes too late for this test.
  const { app, status } = await guardedApp({ file, watch: { pollInterval: 3_600_000, debounce: 5 } })
  t.teardown(async () => { await app.close() })
  app.get('/', { config: { allowedClients: ['a'] } }, answer)
  await app.listen({ host: '127.0.0.1', port: 0 })
  t.equal(await status(billing, '/'), 200)
  const reloaded = once(events, 'reloaded')
  await symlink('2', join(folder, 'next'))
  await rename(join(folder, 'next'), join(folder, 'data'))
  await reloaded
  t.equal(await status(ops, '/'), 200)
})

test('what changed between the first reading and the start is not missed', async (t) => {
  const file = await write('{"groups":{"a":{"ou":"billing"}}}')
  const { app, status } = await guardedApp({ file, watch: { pollInterval: 50, debounce: 5 } })
  t.teardown(async () => { await app.close() })
  app.get('/', { config: { allowedClients: ['a'] } }, answer)
  await writeFile(file, '{"groups":{"a":{"ou":"ops"}}}')
  const reloaded = once(follow(t, file), 'reloaded')
  await app.listen({ host: '127.0.0.1', port: 0 })
  await reloaded
  t.equal(await status(ops, '/'), 200)
})

test('a request that comes before our own onReady hook ran is judged like any other', async (t) => {
  const file = await write('{"routes":{"GET /a":[{"ou":"ops"}]}}')
  const { app, status } = await mtlsApp()
  t.teardown(async () => { await app.close() })
  const seen: number[] = []
  app.addHook('onReady', async () => { seen.push((await inject((request, response) => { app.routing(request as never, response as never) }, '/a')).statusCode) })
  await app.register(fastifyAllowedClients, withPlaces({ file, watch: false, defaultRules: 'authenticated' }))
  app.get('/a', answer)
  await app.ready()
  t.same(seen, [401])
  t.equal(await status(billing, '/a'), 403)
})
