import type { FastifyInstance } from 'fastify'
import { PluginOrderError } from './errors.ts'

/** The versions of Fastify whose internals are known. Others are tried, and refused if they differ. */
export const KNOWN_FASTIFY = '5.0 to 5.12'

/** The hook lists of an instance, in the order in which the hooks run. */
export interface HookLists { readonly onRequest: Function[], readonly onRoute: Function[] }

/** What `printRoutes()` returns for an app without routes. */
const EMPTY_TREE = '(empty tree)'

/**
 * The hook lists of an instance and of those encapsulated in it so far. Fastify keeps them under symbols that it does
 * not export, and has no public way to place a hook before those that were added earlier.
 *
 * @throws PluginOrderError if this version of Fastify keeps them in another way: without them the rules could be
 *   bypassed
 */
export function listHooks (instance: object): HookLists[] {
  const hooks = readSymbol(instance, 'fastify.hooks') as HookLists | undefined
  const children = readSymbol(instance, 'fastify.children')
  if (!Array.isArray(hooks?.onRequest) || !Array.isArray(hooks?.onRoute) || !Array.isArray(children)) {
    const { version = 'of an unknown version' } = instance as { readonly version?: string }
    throw new PluginOrderError(
      `this version of Fastify keeps its hooks in an unknown way: found fastify ${version}, ` +
        `expected fastify ${KNOWN_FASTIFY}`
    )
  }
  return [hooks, ...children.flatMap((child) => listHooks(child))]
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

/** The value of a symbol of Fastify, by its description, that an instance has itself. */
export function readSymbol (instance: object, description: string): unknown {
  const symbol = Object.getOwnPropertySymbols(instance).find((one) => one.description === description)
  return symbol === undefined ? undefined : (instance as Record<symbol, unknown>)[symbol]
}
