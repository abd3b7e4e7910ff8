import { channel, subscribe, unsubscribe } from 'node:diagnostics_channel'

const NAME = 'peerkit:audit:kept'
const marker = channel(NAME)

/**
 * Tells whether an audit log is open in this process. If so, the plugins do not write their own log lines about refused
 * handshakes and requests: each refusal is logged once, in a log with a limit.
 *
 * The state is a channel without messages, so two copies of this package in one process share it.
 *
 * @returns true between a call of {@link keepAudit} and the call of the function that it returned
 * @example
 * ```ts
 * const release = keepAudit()
 * console.log(isAuditKept()) // true
 * release()
 * ```
 */
export function isAuditKept (): boolean { return marker.hasSubscribers }

/**
 * Announces that an audit log is open in this process. `auditLog` of `@peerkit/mtls-monitor` calls it for you.
 *
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
export function keepAudit (): () => void {
  const keep = (): void => {}
  subscribe(NAME, keep)
  return () => { unsubscribe(NAME, keep) }
}
