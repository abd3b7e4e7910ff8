// The decorator on classes as TypeScript makes them. test/hosts/nestjs.hosts.ts has the real NestJS.
import { injectAs } from '@peerkit/fastify-mtls'
import { test } from 'tap'
import { AllowedClients } from '../../src/nestjs/index.ts'
import { guardedApp } from '../support/app.ts'
import { addController, Get, onMethod, RouteConfig } from '../support/controllers.ts'
import { billing, ops } from '../support/people.ts'

const groups = { billing: { ou: 'billing' }, ops: { ou: 'ops' } }

/** Who may call each route of the controllers: `billing`, `ops`, `both` or `nobody`. */
async function callers (controllers: Record<string, new () => any>): Promise<Record<string, string>> {
  const { app, status } = await guardedApp({ groups })
  for (const [prefix, Controller] of Object.entries(controllers)) addController(app, prefix, Controller)
  await app.ready()
  const found: Record<string, string> = {}
  for (const { url, methods } of app.mtls.routes()) {
    if (!methods.includes('GET')) continue
    const [first, second] = [await status(billing, url), await status(ops, url)]
    found[url] = first === 200 ? second === 200 ? 'both' : 'billing' : second === 200 ? 'ops' : 'nobody'
  }
  await app.close()
  return found
}

test('a method, a class, and a method of the class that has its own', async (t) => {
  class Plain { open () {} forgotten () {} }
  onMethod(Plain, 'open', AllowedClients(['billing', { ou: 'ops' }]), Get())
  onMethod(Plain, 'forgotten', Get())
  class Whole { list () {} remove () {} config () {} helper () {} }
  onMethod(Whole, 'list', Get())
  onMethod(Whole, 'remove', Get(), AllowedClients('ops'))
  onMethod(Whole, 'config', RouteConfig({ allowedClients: 'ops' }), Get())
  AllowedClients('billing')(Whole)
  t.strictSame(await callers({ plain: Plain, whole: Whole }), {
    '/plain/open': 'both', '/plain/forgotten': 'nobody', '/whole/list': 'billing', '/whole/remove': 'ops', '/whole/config': 'ops'
  })
})

test('what other decorators put into the config stays, and what they lose is put back by the class', async (t) => {
  class Kept { first () {} lost () {} replaced () {} }
  onMethod(Kept, 'first', AllowedClients('ops'), RouteConfig({ kept: true }), Get())
  onMethod(Kept, 'lost', RouteConfig({ other: true }), AllowedClients('ops'), Get())
  const wrap = (_target: object, _key: string, descriptor: PropertyDescriptor): void => {
    const { value } = descriptor
    descriptor.value = function () { return value.call(this) }
    Reflect.defineMetadata('path', '/', descriptor.value)
  }
  onMethod(Kept, 'replaced', wrap, AllowedClients('ops'), Get())
  AllowedClients('billing')(Kept)
  t.strictSame(Reflect.getMetadata('__fastify_route_config__', Kept.prototype.first), { kept: true, allowedClients: 'ops' })
  t.strictSame(Reflect.getMetadata('__fastify_route_config__', Kept.prototype.lost), { other: true, allowedClients: 'ops' })
  t.strictSame(await callers({ kept: Kept }), { '/kept/first': 'ops', '/kept/lost': 'ops', '/kept/replaced': 'ops' })
})

test('without a class, what another decorator lost answers nobody', async (t) => {
  class Lost { list () {} }
  onMethod(Lost, 'list', RouteConfig({ other: true }), AllowedClients('ops'), Get())
  t.strictSame(await callers({ lost: Lost }), { '/lost/list': 'nobody' })
})

test('classes that inherit a route have their own rules, and give none to each other', async (t) => {
  class Base { list () { return this.constructor.name } audit () {} plain () {} }
  onMethod(Base, 'list', Get())
  onMethod(Base, 'audit', AllowedClients('ops'), Get())
  class First extends Base {}
  AllowedClients('billing')(First)
  class Second extends Base { override plain () {} }
  onMethod(Second, 'plain', Get())
  AllowedClients('ops')(Second)
  class Third extends First { own () {} }
  onMethod(Third, 'own', Get())
  class Fourth extends First {}
  AllowedClients('ops')(Fourth)
  class Fifth extends First { override list () { return 'fifth' } }
  t.strictSame(await callers({ base: Base, first: First, second: Second, third: Third, fourth: Fourth, fifth: Fifth }), {
    '/base/list': 'nobody',
    '/base/audit': 'ops',
    '/first/list': 'billing',
    '/first/audit': 'ops',
    '/second/plain': 'ops',
    '/second/list': 'ops',
    '/second/audit': 'ops',
    '/third/own': 'nobody',
    '/third/list': 'billing',
    '/third/audit': 'ops',
    '/fourth/list': 'ops',
    '/fourth/audit': 'ops',
    '/fifth/audit': 'ops'
  })
  const { app } = await guardedApp({ groups })
  addController(app, 'first', First)
  const answer = await injectAs(app, billing, '/first/list')
  t.strictSame(answer.json(), { by: 'First' }, 'the inherited method has its instance')
  await app.close()
})

test('the mode of a method', async (t) => {
  class Careful { list () {} }
  onMethod(Careful, 'list', AllowedClients('billing', { mode: 'report-only' }), Get())
  t.strictSame(await callers({ careful: Careful }), { '/careful/list': 'both' })
})

test('a wrong rule is an error of the start', async (t) => {
  class Wrong { list () {} }
  onMethod(Wrong, 'list', AllowedClients({ uo: 'billing' } as object), Get())
  await t.rejects(callers({ wrong: Wrong }), { message: /GET \/wrong\/list: config\.allowedClients\.uo: found "uo", .* did you mean "ou"\?/ })
  class Nothing { list () {} }
  onMethod(Nothing, 'list', AllowedClients(undefined as unknown as string), Get())
  await t.rejects(callers({ nothing: Nothing }), { message: /GET \/nothing\/list: config\.allowedClients is undefined/ })
})

test('where the decorator has no effect, or two', (t) => {
  const code = 'MTLS_ERR_ALLOWED_CLIENTS_OPTION'
  class Service { work () {} static make () {} get size () { return 1 } }
  t.throws(() => { AllowedClients('billing')(Service) }, { code, message: /@AllowedClients on Service: found no method with a route/ })
  t.throws(() => { AllowedClients('billing')(Service, 'make', { value: Service.make }) }, { code, message: /@AllowedClients on Service\.make: found a static member/ })
  t.throws(() => { onMethod(Service, 'size', AllowedClients('billing')) }, { code, message: /@AllowedClients on Service\.size: found a member that is no method; expected a method/ })
  t.throws(() => { AllowedClients('billing')(Service.prototype.work, { kind: 'method' } as unknown as string, {}) }, { code, message: /experimentalDecorators/ })
  t.throws(() => AllowedClients('billing', { mod: 'enforce' } as object), { code, message: /did you mean "mode"\?/ })
  class Twice { list () {} both () {} above () {} }
  t.throws(() => { onMethod(Twice, 'list', AllowedClients('billing'), AllowedClients('ops')) }, { code, message: /@AllowedClients on Twice\.list: found rules twice/ })
  t.throws(() => { onMethod(Twice, 'both', AllowedClients('billing'), RouteConfig({ allowedClients: 'ops' })) }, { code, message: /Twice\.both: found rules twice/ })
  onMethod(Twice, 'above', RouteConfig({ allowedClients: 'ops' }), AllowedClients('billing'), Get())
  t.throws(() => { AllowedClients('billing')(Twice) }, { code, message: /Twice\.above: found rules twice/ })
  t.throws(() => { AllowedClients('ops')(Twice) }, { code, message: /@AllowedClients on Twice: found rules twice/ })
  t.end()
})

test('without reflect-metadata the error says what to import', (t) => {
  const { defineMetadata } = Reflect
  t.teardown(() => { Reflect.defineMetadata = defineMetadata })
  // @ts-expect-error as if it had not been loaded
  delete Reflect.defineMetadata
  class Early { list () {} }
  t.throws(() => { onMethod(Early, 'list', AllowedClients('billing')) }, { message: /import 'reflect-metadata' as the first line/ })
  t.end()
})
