// NestJS on Fastify, compiled as Nest's own starter compiles: TypeScript, CommonJS, decorators.
import { join } from 'node:path'
import { test } from 'tap'
import ts from 'typescript'
import { root } from '../architecture/source-graph.ts'
import { checkServer } from './check-server.ts'
import { readHost } from './documented.ts'
import { makeProject } from './host-project.ts'

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

test('the documented main.ts', async (t) => {
  const { code, output } = await project.run(tsc)
  t.equal(code, 0, output)
  const server = await project.serve('node dist/main.js')
  t.teardown(server.stop)
  await checkServer(t, project, server, { unruled: '/forgotten' })
})

test('the documented main.ts under NestJS 12', async (t) => {
  const next = await makeProject({ first: ['@nestjs/common 12', '@nestjs/core 12', '@nestjs/platform-fastify 12', ...others] })
  next.write(all)
  const { code, output } = await next.run(tsc)
  t.equal(code, 0, output)
  const server = await next.serve('node dist/main.js')
  t.teardown(server.stop)
  await checkServer(t, next, server, { unruled: '/forgotten' })
})

test('@RouteConfig on a class opens no route', async (t) => {
  const changed = main.replace('@Controller()', "@Controller()\n@RouteConfig({ allowedClients: 'billing' })")
  project.write({ 'dist/main.js': transpile(changed) })
  const server = await project.serve('node dist/main.js')
  t.teardown(server.stop)
  await checkServer(t, project, server, { unruled: '/forgotten' })
})

test('a misspelt rule is an error of TypeScript, and of the start', async (t) => {
  project.write({ 'src/main.ts': main.replace("allowedClients: 'billing'", "allowedClients: { uo: 'billing' }") })
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
  project.write({ 'dist/main.js': transpile(main.replace('new FastifyAdapter(withMtls(credentials))', 'new FastifyAdapter()')) })
  const { code, output } = await project.run('node dist/main.js')
  t.not(code, 0)
  t.match(output, /MTLS_ERR_SERVER_NOT_MTLS/)
  t.match(output, /With NestJS, write new FastifyAdapter\(withMtls\(credentials\)\)/)
})

/** Without its types checked, which takes long. */
function transpile (source: string): string {
  return ts.transpileModule(source, { compilerOptions: { target: ts.ScriptTarget.ES2023, module: ts.ModuleKind.CommonJS, esModuleInterop: true, experimentalDecorators: true, emitDecoratorMetadata: true } }).outputText
}
