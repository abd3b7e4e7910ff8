import { channel } from 'node:diagnostics_channel'
import type { Channel } from 'node:diagnostics_channel'

/** A server was verified on a new connection: `{ v: 1, time, origin, server, resumed, generation }`. */
export const outboundIdentified: Channel = channel('peerkit:outbound:identified')
/** A connection was refused by us or by the server: `{ v: 1, time, origin, code, reason, message }`. */
export const outboundRefused: Channel = channel('peerkit:outbound:refused')
