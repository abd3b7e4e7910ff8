import type { IncomingMessage } from 'node:http'
import type { Identify, UpgradeGuard } from './upgrade-watch.ts'

/** The listeners of requests: those of Fastify, and the others, such as Socket.IO's for long polling. */
export interface RequestListeners {
  readonly routing: readonly Function[]
  /** Whether the others took the place of Fastify's listeners. They then call these for what they do not answer. */
  readonly isReplaced: boolean
  readonly foreign: readonly Function[]
}

/**
 * Passes a request on. Whom the guard allows reaches the listeners of the raw server. All others reach the routes
 * alone, as if there were no such listener.
 */
export function passRequest (
  request: IncomingMessage,
  response: object,
  { identify, guard }: { readonly identify: Identify, readonly guard: UpgradeGuard },
  { routing, isReplaced, foreign }: RequestListeners
): void {
  const deliver = (to: readonly Function[]): void => {
    for (const listener of to) Reflect.apply(listener, undefined, [request, response])
  }
  if (!isReplaced) deliver(routing)
  // Silent: a denial is no event, since the rules of the route decide then.
  const decide = async (): Promise<void> => { await guard(request, await identify(request), true) }
  decide().then(() => { deliver(foreign) }, () => { if (isReplaced) deliver(routing) })
}
