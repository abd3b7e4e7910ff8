import type { AllowedClientsControl as WholeControl } from '@peerkit/fastify-allowed-clients'

// Types only: the console finds the plugin on the app, and does not import it.
export type { AccessPreview, ListedRoute, Outcome } from '@peerkit/fastify-allowed-clients'

/** The members of `app.mtls` from @peerkit/fastify-allowed-clients that the console reads. */
export type AllowedClientsControl = Pick<WholeControl, 'routes' | 'rulesVersion'>
