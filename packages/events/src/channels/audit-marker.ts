import { channel, subscribe, unsubscribe } from 'node:diagnostics_channel'

const NAME = 'peerkit:audit:kept'
const marker = channel(NAME)
/** On the server of an app: how many audit logs of this app are open. */
const KEPT: unique symbol = Symbol.for('peerkit.audit.kept')

interface Marked { [KEPT]?: number }

/**
 * Tells whether an audit log is open that hears an app. If so, the plugins do not write their own log lines about
 * refused handshakes and requests of this app: each refusal is logged once, in a log with a limit.
 *
 * The state is a channel without messages and a property of the server, so two copies of this package in one process
 * share it.
 *
 * @param server the HTTP server of the app. Without it: whether an audit log of the whole process is open
 * @returns true between a call of {@link keepAudit} for this app, or for the process, and the call of the function that
 *   it returned
 * @example
 * ```ts
 * const app = Fastify()
 * const release = keepAudit(app.server)
 * console.log(isAuditKept(app.server), isAuditKept()) // true false
 * release()
 * await app.close()
 * ```
 */
export function isAuditKept (server?: object): boolean {
  return marker.hasSubscribers || (server !== undefined && ((server as Marked)[KEPT] ?? 0) > 0)
}

/**
 * Announces that an audit log is open. `auditLog` of `@peerkit/mtls-monitor` calls it for you.
 *
 * @param server the HTTP server of the app that the audit log hears. Default: the apps of the whole process
 * @returns a function that takes the announcement back
 * @example
 * ```ts
 * const release = keepAudit()
 * const stop = listen({ 'peerkit:request:denied': ({ reason }) => { console.log(reason) } })
 * // later
 * stop()
 * release()
 * ```
 */
export function keepAudit (server?: object): () => void {
  if (server === undefined) {
    const keep = (): void => {}
    subscribe(NAME, keep)
    return () => { unsubscribe(NAME, keep) }
  }
  const marked = server as Marked
  let isKept = true
  count(marked, 1)
  return () => {
    if (isKept) count(marked, -1)
    isKept = false
  }
}

function count (server: Marked, by: number): void {
  const value = (server[KEPT] ?? 0) + by
  Object.defineProperty(server, KEPT, { value, configurable: true, writable: true })
}
