/** The versions of Fastify whose internals are known. Others are tried, and refused if they differ. */
export const KNOWN_FASTIFY = '5.0 to 5.12'

/** The hook lists of an instance, in the order in which the hooks run. */
export interface HookLists { readonly onRequest: Function[], readonly onRoute: Function[] }

/**
 * The hook lists of an instance and of those encapsulated in it so far. Fastify keeps them under symbols that it does
 * not export, and has no public way to place a hook before those that were added earlier.
 *
 * @param refuse makes the error if this version of Fastify keeps them in another way: without them a plugin could be
 *   bypassed
 */
export function listHooks (instance: object, refuse: (message: string) => Error): HookLists[] {
  const hooks = readSymbol(instance, 'fastify.hooks') as HookLists | undefined
  const children = readSymbol(instance, 'fastify.children')
  if (!Array.isArray(hooks?.onRequest) || !Array.isArray(hooks?.onRoute) || !Array.isArray(children)) {
    const { version = 'of an unknown version' } = instance as { readonly version?: string }
    throw refuse(
      `this version of Fastify keeps its hooks in an unknown way: found fastify ${version}, ` +
        `expected fastify ${KNOWN_FASTIFY}`
    )
  }
  return [hooks, ...children.flatMap((child) => listHooks(child, refuse))]
}

/** The value of a symbol of Fastify, by its description, that an instance has itself. */
export function readSymbol (instance: object, description: string): unknown {
  const symbol = Object.getOwnPropertySymbols(instance).find((one) => one.description === description)
  return symbol === undefined ? undefined : (instance as Record<symbol, unknown>)[symbol]
}
