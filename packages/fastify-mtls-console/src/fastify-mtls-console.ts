import { hostname } from 'node:os'
import type { FastifyInstance, FastifyPluginAsync } from 'fastify'
import fp from 'fastify-plugin'
import { bundledRoots } from '@peerkit/trust/forecast'
import type { PublicRoots } from '@peerkit/trust/forecast'
import { addRoutes } from './add-routes.ts'
import { addWhatIf } from './add-what-if.ts'
import { Collector } from './collect/collector.ts'
import { RotationHistory } from './collect/rotation-history.ts'
import { MTLS_ERR_CONSOLE_OPTION } from './errors.ts'
import type { ConsoleState } from './facts/console-state.ts'
import { Forecaster } from './facts/forecaster.ts'
import { createHandshakeEvaluator } from './facts/handshake-evaluator.ts'
import type { AllowedClientsControl } from './facts/listed-route.ts'
import { isWithin } from './facts/route-map.ts'
import { nameCertificate } from './facts/show-certificate.ts'
import { checkOptions } from './options.ts'
import type { FastifyMtlsConsoleOptions, OutboundService } from './options.ts'

/** What `@peerkit/fastify-allowed-clients` decorates the app with. */
interface GuardedApp {
  readonly allowedClients?: AllowedClientsControl
  allowClients? (options: { readonly rules: unknown, readonly mode: 'enforce', readonly mayWiden: false }): unknown
}

async function openConsole (app: FastifyInstance, options: FastifyMtlsConsoleOptions, roots: () => PublicRoots): Promise<void> {
  checkOptions(options, app.prefix)
  const control = guard(app, options)
  const { now = Date.now, credentials, revocation, maxEvents = 1000, maxClients = 200, instance = hostname() } = options
  const collector = new Collector({ events: maxEvents, clients: maxClients, isOwnRoute: (route) => route !== undefined && isWithin(route, app.prefix) })
  const rotations = new RotationHistory(credentials, now)
  app.addHook('onClose', async () => {
    collector.close()
    rotations.close()
  })
  const outbound = [...options.outbound ?? []]
  const state: ConsoleState = {
    name: options.name ?? nameCertificate(credentials.current.identity),
    instance,
    prefix: app.prefix,
    since: now(),
    now,
    credentials,
    revocation,
    handshakes: createHandshakeEvaluator(credentials, revocation, now),
    forecaster: new Forecaster(roots),
    control,
    collector,
    rotations,
    // Plugins that are registered later may still decorate the app.
    get services () { return [...listDecorated(app), ...outbound] }
  }
  addWhatIf(app, state, addRoutes(app, state))
}

/** Closes the console to all but those named: `report` of the app does not open it. @throws MTLS_ERR_CONSOLE_OPTION, MTLS_ERR_RULE_INVALID */
function guard (app: FastifyInstance, { allowedClients: rules }: FastifyMtlsConsoleOptions): AllowedClientsControl {
  const { allowedClients } = app as unknown as GuardedApp
  if (allowedClients === undefined || !('allowClients' in app)) {
    throw new MTLS_ERR_CONSOLE_OPTION('the app has no @peerkit/fastify-allowed-clients to guard the console; expected it to be registered before')
  }
  (app as unknown as Required<GuardedApp>).allowClients({ rules, mode: 'enforce', mayWiden: false })
  return allowedClients
}

/** What `@peerkit/fastify-mtls-client` declared. */
function listDecorated (app: FastifyInstance): OutboundService[] {
  const services = (app as { readonly services?: unknown }).services
  if (typeof services !== 'object' || services === null) return []
  return Object.entries(services).flatMap(([name, service]): OutboundService[] => {
    const { origin, expects } = (service ?? {}) as Partial<OutboundService>
    return typeof origin === 'string' ? [{ name, origin, ...(typeof expects === 'string' && { expects }) }] : []
  })
}

/** @param roots what counts as a public root */
export function consoleBy (roots: () => PublicRoots): FastifyPluginAsync<FastifyMtlsConsoleOptions> {
  const plugin: FastifyPluginAsync<FastifyMtlsConsoleOptions> = async (app, options) => { await openConsole(app, options, roots) }
  return fp(plugin, { fastify: '5.x', name: '@peerkit/fastify-mtls-console', encapsulate: true })
}

/** A read-only page that says who may call whom. Register it with a prefix and with rules that name the operators, after `@peerkit/fastify-allowed-clients`. */
const fastifyMtlsConsole: FastifyPluginAsync<FastifyMtlsConsoleOptions> = consoleBy(bundledRoots)
export default fastifyMtlsConsole
