import 'reflect-metadata'
import type { FastifyInstance } from 'fastify'

type Decorator = (target: any, key?: any, descriptor?: any) => any

/** As TypeScript applies decorators to a method: the one nearest to it first. */
export function onMethod (target: { prototype: object } | object, key: string, ...decorators: Decorator[]): void {
  const owner = typeof target === 'function' ? target.prototype as object : target
  for (const decorator of decorators.reverse()) {
    const descriptor = Object.getOwnPropertyDescriptor(owner, key)
    decorator(owner, key, descriptor)
    if (descriptor !== undefined) Object.defineProperty(owner, key, descriptor)
  }
}

/** What `@Get()` and `@RouteConfig()` of Nest do. */
export const Get = (path = '/'): Decorator => (_target, _key, { value }) => { Reflect.defineMetadata('path', path, value) }
export const RouteConfig = (config: object): Decorator => (_target, _key, { value }) => {
  Reflect.defineMetadata('__fastify_route_config__', config, value)
}

/** Adds the routes of a controller, as the adapter of Nest does: by the metadata of the instance's methods. */
export function addController (app: FastifyInstance, prefix: string, Controller: new () => any): void {
  const instance = new Controller()
  const names = new Set<string>()
  for (let owner = Controller.prototype; owner !== Object.prototype; owner = Object.getPrototypeOf(owner)) {
    for (const name of Object.getOwnPropertyNames(owner)) names.add(name)
  }
  for (const name of names) {
    const method = instance[name]
    if (typeof method !== 'function' || name === 'constructor' || Reflect.getMetadata('path', method) === undefined) continue
    const config = Reflect.getMetadata('__fastify_route_config__', method) as object | undefined
    app.get(`/${prefix}/${name}`, { ...(config !== undefined && { config: { ...config } }) }, async () => ({ by: method.call(instance) }))
  }
}
