import { listAround, listHooks, readSymbol } from '@peerkit/identity/internal'
import type { HookLists } from '@peerkit/identity/internal'
import type { FastifyInstance } from 'fastify'
import { PluginOrderError } from './errors.ts'

/** What `printRoutes()` returns for an app without routes. */
const EMPTY_TREE = '(empty tree)'

/**
 * The hook lists of an instance and of those encapsulated in it so far.
 *
 * @throws PluginOrderError if this version of Fastify keeps them in another way: the rules could be bypassed
 */
export function hooksOf (instance: object): HookLists[] {
  return listHooks(instance, (message) => new PluginOrderError(message))
}

/** Whether an instance was made by `Fastify()`, and is not encapsulated in another one. */
export function isRoot (instance: object): boolean {
  return listAround(instance).length === 1
}

/** Whether an instance has a not-found handler of its own, to which the rules of its scope apply. */
export function answersNotFound (instance: object): boolean {
  return readSymbol(instance, 'fastify.canSetNotFoundHandler') === false
}

/** Who mounts middleware in the app, if anyone does. */
export function findMiddlewareHost (app: FastifyInstance): string | undefined {
  if (app.hasDecorator('express')) return '@fastify/express'
  if (!app.hasDecorator('use')) return undefined
  // NestJS always registers middie. If its list can be read and is empty, nothing is mounted.
  const mounted = readSymbol(app, 'fastify-middie-middlewares')
  return Array.isArray(mounted) && mounted.length === 0 ? undefined : '@fastify/middie'
}

/** The routes that were added so far, as text; undefined if there are none. */
export function printEarlierRoutes (app: FastifyInstance): string | undefined {
  const tree = app.printRoutes()
  return tree.startsWith(EMPTY_TREE) ? undefined : tree
}
