import { AllowedClientsOptionError } from '../errors.ts'
import type { AllowedClients as Rules, Mode } from '../plugin-options.ts'

/**
 * Where `@RouteConfig` of `@nestjs/platform-fastify` keeps the config of a route. Nest copies the metadata of a method
 * to the handler that it makes of it, and its adapter gives this to Fastify as `config`.
 */
const ROUTE_CONFIG = '__fastify_route_config__'

/** `@Get()` and its like write this, so a method that has it is a route. */
const ROUTE_PATH = 'path'

/** What a decorator adds to the config of a route. */
export interface RouteRules { readonly allowedClients: Rules, readonly allowedClientsMode?: Mode }

/** What `reflect-metadata` adds to `Reflect`. Nest loads it, so it is no dependency here. */
interface Metadata {
  defineMetadata (key: unknown, value: unknown, target: object): void
  getMetadata (key: unknown, target: object): unknown
  getMetadataKeys (target: object): unknown[]
}

function metadata (): Metadata {
  if (!('defineMetadata' in Reflect)) {
    throw new AllowedClientsOptionError(
      "@AllowedClients: found no reflect-metadata; expected import 'reflect-metadata' as the first line, or NestJS, " +
        'which loads it'
    )
  }
  return Reflect as unknown as Metadata
}

export function isRoute (method: object): boolean { return metadata().getMetadata(ROUTE_PATH, method) !== undefined }

export function readConfig (method: object): Partial<RouteRules> {
  return metadata().getMetadata(ROUTE_CONFIG, method) as Partial<RouteRules> | undefined ?? {}
}

/** Sets rules beside what other decorators have put into the config. */
export function writeRules (method: object, rules: RouteRules): void {
  metadata().defineMetadata(ROUTE_CONFIG, { ...readConfig(method), ...rules }, method)
}

export function copyMetadata (from: object, to: object): void {
  const reflect = metadata()
  for (const key of reflect.getMetadataKeys(from)) reflect.defineMetadata(key, reflect.getMetadata(key, from), to)
}
