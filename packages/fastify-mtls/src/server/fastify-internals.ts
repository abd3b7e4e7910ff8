import { readSymbol } from '@peerkit/identity/internal'

/**
 * Whether a listener gives upgrades to the router, as those of @fastify/websocket and @fastify/http-proxy do. It only
 * decides whether the app starts: what a listener writes to a socket that no route got is refused all the same.
 */
export function isRouting (server: object, listener: Function): boolean {
  // @fastify/http-proxy keeps its listener under this symbol.
  const isProxy = readSymbol(server, 'wsUpgradeListener') === listener
  return isProxy || /\.routing\s*\(/.test(Function.prototype.toString.call(listener))
}
