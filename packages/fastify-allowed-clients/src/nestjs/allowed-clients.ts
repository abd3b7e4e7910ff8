import { choice, defineOptions } from '@peerkit/identity/internal'
import { AllowedClientsOptionError } from '../errors.ts'
import type { AllowedClients as Rules, Mode } from '../plugin-options.ts'
import { copyMetadata, isRoute, readConfig, writeRules } from './metadata.ts'
import type { RouteRules } from './metadata.ts'

export interface AllowedClientsDecoratorOptions {
  /** As `config.allowedClientsMode` of a route. */
  readonly mode?: Mode
}

type Method = (this: unknown, ...args: unknown[]) => unknown
type Class = abstract new (...args: never[]) => unknown

const OPTIONS = defineOptions<AllowedClientsDecoratorOptions>(
  '@AllowedClients', AllowedClientsOptionError, { mode: choice('enforce', 'report-only') }
)

/**
 * The rules of methods, by the prototype that has the method. Another decorator may replace the function or its config,
 * and a class must not put its own rules in the place of those that were lost by that.
 */
const ofMethods = new WeakMap<object, Map<string | symbol, RouteRules>>()

/** Functions whose rules are those of a class. A class that inherits one may have others. */
const ofClasses = new WeakSet<object>()

const decorated = new WeakSet<Class>()

/**
 * For NestJS on Fastify: which clients may call a method of a controller, or all methods of a class that say nothing
 * themselves. It puts the rules into the route's config, where the plugin finds them. A method without any answers
 * nobody.
 *
 * ```ts
 * @Controller('invoices')
 * @AllowedClients('billing')
 * class InvoicesController {
 *   @Get()
 *   list () { return [] }
 *
 *   @Delete(':number')
 *   @AllowedClients({ spiffe: 'spiffe://prod.example/auditor' })
 *   remove () {}
 * }
 * ```
 *
 * @throws AllowedClientsOptionError if it is where it has no effect
 * @example
 * ```ts
 * import { AllowedClients } from '@peerkit/fastify-allowed-clients/nestjs'
 *
 * // A decorator of your own: @Billing()
 * const Billing = (): ClassDecorator & MethodDecorator => AllowedClients(['billing', { ou: 'accounting' }])
 * ```
 */
export function AllowedClients (
  rules: Rules, options: AllowedClientsDecoratorOptions = {}
): ClassDecorator & MethodDecorator {
  OPTIONS.check(options, '@AllowedClients: options')
  const { mode } = options
  const given: RouteRules = { allowedClients: rules, ...(mode !== undefined && { allowedClientsMode: mode }) }
  return (target: object, key?: string | symbol, descriptor?: PropertyDescriptor): void => {
    if (key === undefined) decorateClass(target as Class, given)
    else decorateMethod(target, key, descriptor, given)
  }
}

function decorateMethod (
  target: object, key: string | symbol | object, descriptor: PropertyDescriptor | undefined, given: RouteRules
): void {
  if (typeof key === 'object') {
    throw new AllowedClientsOptionError(
      '@AllowedClients: found a standard decorator; expected the TypeScript setting experimentalDecorators, which ' +
        'NestJS needs'
    )
  }
  const where = `@AllowedClients on ${nameOf(target)}.${String(key)}`
  const method: unknown = descriptor?.value
  if (typeof target === 'function' || typeof method !== 'function') {
    const found = typeof target === 'function' ? 'a static member' : 'a member that is no method'
    throw new AllowedClientsOptionError(`${where}: found ${found}; expected a method that is a route, or a class`)
  }
  const methods = ofMethods.get(target) ?? new Map<string | symbol, RouteRules>()
  if (methods.has(key) || 'allowedClients' in readConfig(method)) refuseTwice(where)
  ofMethods.set(target, methods.set(key, given))
  writeRules(method, given)
}

function decorateClass (target: Class, given: RouteRules): void {
  const where = `@AllowedClients on ${target.name}`
  if (decorated.has(target)) refuseTwice(where)
  decorated.add(target)
  const prototype = target.prototype as object
  const routes = routesOf(prototype)
  if (routes.length === 0) {
    throw new AllowedClientsOptionError(
      `${where}: found no method with a route, so it has no effect; expected it on a class with @Get() or its like`
    )
  }
  for (const { owner, key, method } of routes) {
    const own = ofMethods.get(owner)?.get(key)
    const config = readConfig(method)
    const isOwnConfig = 'allowedClients' in config && !ofClasses.has(method)
    if (own !== undefined) {
      if (isOwnConfig && config.allowedClients !== own.allowedClients) refuseTwice(`${where}.${key}`)
      writeRules(method, own)
    } else if (!isOwnConfig) {
      const ours = owner === prototype ? method : inherit(prototype, key, method)
      writeRules(ours, given)
      ofClasses.add(ours)
    }
  }
}

interface Route { readonly owner: object, readonly key: string, readonly method: Method }

/** The methods that are routes, those of base classes too, as Nest finds them. */
function routesOf (prototype: object): Route[] {
  const routes = new Map<string, Route | undefined>()
  for (let owner = prototype; owner !== Object.prototype && owner !== null; owner = Object.getPrototypeOf(owner)) {
    for (const [key, { value }] of Object.entries(Object.getOwnPropertyDescriptors(owner))) {
      if (routes.has(key)) continue
      const found = key !== 'constructor' && typeof value === 'function' && isRoute(value)
      routes.set(key, found ? { owner, key, method: value as Method } : undefined)
    }
  }
  return [...routes.values()].filter((route) => route !== undefined)
}

/** A method of a base class is shared with other classes. This one gets its own, which can have rules of its own. */
function inherit (prototype: object, key: string, inherited: Method): Method {
  const method: Method = function (...args) { return inherited.apply(this, args) }
  copyMetadata(inherited, method)
  Object.defineProperty(method, 'name', { value: key, configurable: true })
  Object.defineProperty(prototype, key, { value: method, writable: true, configurable: true })
  return method
}

function nameOf (target: object): string {
  return typeof target === 'function' ? target.name : target.constructor.name
}

function refuseTwice (where: string): never {
  throw new AllowedClientsOptionError(`${where}: found rules twice; expected one @AllowedClients, or one @RouteConfig`)
}
