import type { TrustSource } from '@peerkit/credentials'
import { whenSourceCloses } from '@peerkit/identity/internal'
import type { FastifyInstance } from 'fastify'

/** What closes a source that another app may still use. */
export const CLOSED_BY_OPTION = 'the option closeCredentials of another app'

/**
 * Logs that the source of an app was closed while the app listens: certificates, CAs and CRLs stay as they are, until
 * they expire. Once the app itself begins to close, nothing is logged.
 */
export function logSourceEnd (app: FastifyInstance<any, any, any, any>, source: TrustSource): void {
  const end = whenSourceCloses(source, (closedBy = 'a call of close()') => {
    if (!app.server.listening) return
    app.log.error(
      { closedBy, generation: source.current.generation },
      `the credentials of this app were closed by ${closedBy} while it listens: no rotation and no new CRL reaches ` +
        'it any more; close them after the last app that uses them: with closeCredentials on that app alone, or by ' +
        'yourself'
    )
  })
  app.addHook('preClose', async () => { end() })
}
