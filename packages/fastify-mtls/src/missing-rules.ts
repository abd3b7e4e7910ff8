import { ServerOptionError } from './errors.ts'

/** What @peerkit/fastify-allowed-clients adds to `app.mtls`. It replaces these members by its own. */
const NAMES = ['allow', 'setMode', 'routes', 'printRoutes', 'evaluate', 'reload'] as const

/** Members of `app.mtls` that say which plugin is missing. Without them JavaScript says that they are no functions. */
export function rulesMembers (): Record<string, () => () => never> {
  return Object.fromEntries(NAMES.map((name) => [name, () => () => {
    throw new ServerOptionError(
      `app.mtls.${name}() was called, but @peerkit/fastify-allowed-clients is not registered yet; expected ` +
        'await app.register(fastifyAllowedClients) after @peerkit/fastify-mtls and before the routes'
    )
  }]))
}
