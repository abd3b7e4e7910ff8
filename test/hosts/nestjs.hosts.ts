// NestJS on Fastify, compiled as Nest's own starter compiles: TypeScript, CommonJS, decorators.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'tap'
import type { Test } from 'tap'
import ts from 'typescript'
import { root } from '../architecture/source-graph.ts'
import { checkServer } from './check-server.ts'
import { readHost } from './documented.ts'
import { readExample } from './example-files.ts'
import { makeProject } from './host-project.ts'
import type { HostProject } from './host-project.ts'

const { files } = readHost('NestJS')
const { 'src/main.ts': main = '' } = files
const compilerOptions = {
  target: 'es2023', module: 'nodenext', strict: true, experimentalDecorators: true, emitDecoratorMetadata: true, rootDir: 'src', outDir: 'dist', types: ['node'], skipLibCheck: true
}
const tsc = `"${join(root, 'node_modules/.bin/tsc')}" -p .`
const all = { ...files, 'tsconfig.json': JSON.stringify({ compilerOptions, include: ['src'] }) }
const others = ['reflect-metadata', 'rxjs', '@types/node']
const project = await makeProject({ first: ['@nestjs/common', '@nestjs/core', '@nestjs/platform-fastify', ...others] })
project.write(all)

const hosts = readFileSync(join(root, 'docs/hosts.md'), 'utf8')

/** The project has one Fastify: the one that Nest pins, and that the table of the document names. */
async function checkFastify (t: Test, { folder, run }: HostProject, major: number): Promise<void> {
  const readVersion = (name: string): any => JSON.parse(readFileSync(join(folder, 'node_modules', name, 'package.json'), 'utf8'))
  const { version, dependencies: { fastify } } = readVersion('@nestjs/platform-fastify')
  t.ok(hosts.includes(`\n  | ${major} | ${version} | ${fastify} |\n`), `docs/hosts.md names NestJS ${major}: ${version} with Fastify ${fastify}`)
  const { output } = await run('npm ls fastify --all --parseable --long')
  // Each line is the folder, and the package with its version.
  const found = output.match(/(?<=:)fastify@[^:\s]+/g) ?? []
  t.same([...new Set(found)], [`fastify@${fastify}`], output)
  t.equal(readVersion('fastify').version, fastify)
}

test('npm shares the Fastify that Nest pins', async (t) => {
  await checkFastify(t, project, 11)
  const { dependencies } = JSON.parse(readFileSync(join(root, 'examples/nestjs/package.json'), 'utf8'))
  const pinned = JSON.parse(readFileSync(join(project.folder, 'node_modules/@nestjs/platform-fastify/package.json'), 'utf8')).dependencies.fastify
  t.equal(dependencies.fastify, pinned, 'examples/nestjs/package.json')
  t.ok(hosts.includes(`npm install --save-exact fastify@${pinned}`), 'docs/hosts.md')
})

test('the documented main.ts', async (t) => {
  const { code, output } = await project.run(tsc)
  t.equal(code, 0, output)
  const server = await project.serve('node dist/main.js')
  t.teardown(server.stop)
  await checkServer(t, project, server, { unruled: '/forgotten' })
  t.match(server.output(), /WARN.* \[mTLS\].* client denied \{.*"reason":"no_match","rules":"config\.allowedClients"/)
  t.match(server.output(), /WARN.* \[mTLS\].* mTLS handshake refused \{"reason":"no_certificate"/)
})

test('examples/nestjs', async (t) => {
  project.write(readExample('nestjs'))
  const { code, output } = await project.run(`cd nestjs && ${tsc}`)
  t.equal(code, 0, output)
  await playExample(t, project)
})

test('the documented main.ts, and the example, under NestJS 12', async (t) => {
  const next = await makeProject({ first: ['@nestjs/common 12', '@nestjs/core 12', '@nestjs/platform-fastify 12', ...others] })
  await checkFastify(t, next, 12)
  next.write(all)
  const { code, output } = await next.run(tsc)
  t.equal(code, 0, output)
  const server = await next.serve('node dist/main.js')
  t.teardown(server.stop)
  await checkServer(t, next, server, { unruled: '/forgotten' })
  // Compiled above.
  next.write(Object.fromEntries(['main', 'demo', 'invoices.controller'].map((name) => [`nestjs/dist/${name}.js`, readFileSync(join(project.folder, `nestjs/dist/${name}.js`), 'utf8')])))
  await playExample(t, next)
})

/** One controller more for main.ts. */
function withController (decorators: string, more = ''): string {
  const code = `${decorators}\nclass MoreController {\n  @Get('more')\n  ${more}\n  more (@Req() request: FastifyRequest): object { return { hello: request.peer.commonName } }\n}\n`
  return main.replace('@Module({ controllers: [', `${code}\n@Module({ controllers: [MoreController, `)
    .replace('import { FastifyAdapter,', 'import { FastifyAdapter, RouteConfig,').replace('Controller, Get,', 'Controller, Get, Injectable, Scope,')
}

/** What the documented app does with one controller more, whose route is for OU billing. */
async function checkMore (t: Test, code: string, path: string): Promise<void> {
  project.write({ 'dist/main.js': transpile(code) })
  const server = await project.serve('node dist/main.js')
  t.teardown(server.stop)
  await checkServer(t, project, server, { path, unruled: '/forgotten' })
}

test('a class, a class with scope REQUEST and a parameter, and rules above @RouteConfig', async (t) => {
  await checkMore(t, withController("@Controller()\n@AllowedClients('billing')"), '/more')
  const scoped = withController("@Controller({ path: ':part', scope: Scope.REQUEST })\n@AllowedClients('billing')")
  await checkMore(t, scoped, '/any/more')
  await checkMore(t, withController('@Controller()', "@AllowedClients('billing')\n@RouteConfig({ other: true })"), '/more')
})

test('@RouteConfig with rules, and @RouteConfig on a class, which opens no route', async (t) => {
  await checkMore(t, withController('@Controller()', "@RouteConfig({ allowedClients: 'billing' })"), '/more')
  const changed = main.replace('@Controller()', "@Controller()\n@RouteConfig({ allowedClients: 'billing' })")
    .replace('import { FastifyAdapter,', 'import { FastifyAdapter, RouteConfig,')
  await checkMore(t, changed, '/invoices')
})

test('a rule below @RouteConfig is lost, and the route answers nobody', async (t) => {
  project.write({ 'dist/main.js': transpile(withController('@Controller()', "@RouteConfig({ other: true })\n@AllowedClients('billing')")) })
  const server = await project.serve('node dist/main.js')
  t.teardown(server.stop)
  await checkServer(t, project, server, { unruled: '/more' })
  t.match(server.output(), /routes without access rules answer 403 to every client.*GET \/more/)
})

test('a misspelt rule is an error of TypeScript, and of the start', async (t) => {
  project.write({ 'src/main.ts': main.replace("@AllowedClients('billing')", "@AllowedClients({ uo: 'billing' })") })
  const compiled = await project.run(tsc)
  t.not(compiled.code, 0)
  t.match(compiled.output, /'uo' does not exist in type/)
  const started = await project.run('node dist/main.js')
  t.not(started.code, 0)
  t.match(started.output, /GET \/invoices: config\.allowedClients\.uo: found "uo", .* did you mean "ou"\?/)
})

test('the plugins after init(), which adds the routes: the error says to register them first', async (t) => {
  project.write({ 'dist/main.js': transpile(main.replace('  await app.register(fastifyMtls)', '  await app.init()\n  await app.register(fastifyMtls)')) })
  const { code, output } = await project.run('node dist/main.js')
  t.not(code, 0)
  t.match(output, /these routes were added before it; .* With NestJS, register it before app\.init\(\):[^]*invoices \(GET, HEAD\)/)
})

test('an adapter without withMtls: the error says what to write', async (t) => {
  project.write({ 'dist/main.js': transpile(main.replace('new FastifyAdapter(withMtls(credentials, { loggerInstance }))', 'new FastifyAdapter()')) })
  const { code, output } = await project.run('node dist/main.js')
  t.not(code, 0)
  t.match(output, /MTLS_ERR_SERVER_NOT_MTLS/)
  t.match(output, /With NestJS, write new FastifyAdapter\(withMtls\(credentials\)\)/)
})

/** The example, in a folder of the project. */
async function playExample (t: Test, { run }: HostProject): Promise<void> {
  const { code, output } = await run('cd nestjs && PORT=0 node dist/demo.js')
  t.equal(code, 0, output)
  t.equal(output.match(/^ok {3}/gm)?.length, 7, output)
  t.match(output, /\[mTLS\].* client denied \{.*"route":"\/api\/v1\/invoices\/:number"/)
}

/** Without its types checked, which takes long. */
function transpile (source: string): string {
  return ts.transpileModule(source, { compilerOptions: { target: ts.ScriptTarget.ES2023, module: ts.ModuleKind.CommonJS, esModuleInterop: true, experimentalDecorators: true, emitDecoratorMetadata: true } }).outputText
}
