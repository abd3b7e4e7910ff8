import { channel, subscribe, unsubscribe } from 'node:diagnostics_channel'

const NAME = 'peerkit:audit:kept'
const marker = channel(NAME)

/**
 * Whether somebody in this process keeps an audit log. The plugins then leave the lines of refused handshakes and requests to it, so that none is written twice and a flood
 * finds one bounded log. By a channel without messages, so that two copies of this package know of each other.
 */
export function isAuditKept (): boolean { return marker.hasSubscribers }

/** Says that an audit log is kept, until the function it returns is called. */
export function keepAudit (): () => void {
  const keep = (): void => {}
  subscribe(NAME, keep)
  return () => { unsubscribe(NAME, keep) }
}
