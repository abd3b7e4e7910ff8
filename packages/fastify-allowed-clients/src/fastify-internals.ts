import { listHooks } from '@peerkit/identity/internal'
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

/** Whether an instance was made by `Fastify()`. Encapsulated instances inherit from the one they were registered on. */
export function isRoot (instance: object): boolean {
  return Object.getPrototypeOf(Object.getPrototypeOf(instance)) === null
}

/** The routes that were added so far, as text; undefined if there are none. */
export function printEarlierRoutes (app: FastifyInstance): string | undefined {
  const tree = app.printRoutes()
  return tree.startsWith(EMPTY_TREE) ? undefined : tree
}
