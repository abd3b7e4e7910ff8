import { valueOf } from '@peerkit/identity/internal'
import type { OptionType } from '@peerkit/identity/internal'

/** The option `server`: only what belongs to this app is reported. */
export const SERVER: OptionType = valueOf('the HTTP server of an app, app.server', (server) => {
  return typeof server === 'object' && server !== null
})
