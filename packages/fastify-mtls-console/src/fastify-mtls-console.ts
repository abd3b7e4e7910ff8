import { hostname } from 'node:os'
import { joinApp } from '@peerkit/events'
import { hasRules } from '@peerkit/identity/internal'
import { bundledRoots } from '@peerkit/trust/forecast'
import type { PublicRoots } from '@peerkit/trust/forecast'
import type { FastifyInstance, FastifyPluginAsync } from 'fastify'
import fp from 'fastify-plugin'
import { isWithin } from './access/route-map.ts'
import { createHandshakeEvaluator } from './access/what-if.ts'
import { Collector } from './collect/collector.ts'
import type { AppMembers, ConsoleState } from './console-state.ts'
import { ConsoleOptionError } from './errors.ts'
import { Forecaster } from './forecast/forecaster.ts'
import { addRoutes } from './http/routes.ts'
import { addWhatIf } from './http/what-if-route.ts'
import { checkOptions } from './options.ts'
import type { FastifyMtlsConsoleOptions, OutboundService } from './options.ts'
import { RemovedCaFinder } from './trust/removed-ca.ts'
import { RotationHistory } from './trust/rotation-history.ts'
import { Timeline } from './trust/timeline.ts'
import { nameCertificate } from './trust/show-certificate.ts'

/** A folder of the package. This module is in the top folder of `src`, because the bundle is in that of `dist`. */
const ASSETS = new URL('../assets/', import.meta.url)

async function openConsole (
  app: FastifyInstance,
  options: FastifyMtlsConsoleOptions,
  roots: () => PublicRoots
): Promise<void> {
  const { mtls = {} } = app as AppMembers
  // The credentials and the checker of the app are the defaults.
  const whole = { credentials: mtls.credentials, revocation: mtls.revocation, ...options }
  const { credentials, revocation } = checkOptions(whole as FastifyMtlsConsoleOptions, app.prefix)
  const control = guard(app, mtls, options.allowedClients)
  const { now = Date.now, maxEvents = 1000, maxClients = 200, instance = hostname(), outbound = [] } = options
  const rotations = new RotationHistory(credentials, now)
  const collector: Collector = new Collector({
    events: maxEvents,
    clients: maxClients,
    server: app.server,
    removedCaOf: (peer, time) => removedCas.find(peer, time),
    isOwnRoute: (route) => route !== undefined && isWithin(route, app.prefix)
  })
  const removedCas = new RemovedCaFinder({ credentials, rotations, clients: collector.clients })
  const leave = joinApp(app.server, credentials, revocation)
  const { clients } = collector
  const timeline = new Timeline({ credentials, revocation, rotations, clients, server: app.server, now })
  app.addHook('onClose', async () => {
    collector.close()
    timeline.close()
    rotations.close()
    leave()
  })
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
    timeline,
    // A getter, because plugins that are registered later may add services.
    get services () { return [...listDecorated(app), ...outbound] }
  }
  addWhatIf(app, state, addRoutes(app, state, ASSETS))
}

/**
 * Allows only the named clients to read the console, even if the app is in report mode.
 *
 * @throws ConsoleOptionError, RuleInvalidError
 */
function guard (
  app: FastifyInstance, mtls: NonNullable<AppMembers['mtls']>, rules: FastifyMtlsConsoleOptions['allowedClients']
): ConsoleState['control'] {
  if (mtls.allow === undefined || !hasRules(app)) {
    throw new ConsoleOptionError(
      'the app is without @peerkit/fastify-allowed-clients, which protects the console; register that plugin before'
    )
  }
  mtls.allow(rules, { mode: 'enforce', overridable: false })
  return mtls as ConsoleState['control']
}

/** The services of `@peerkit/fastify-mtls-client`. */
function listDecorated (app: FastifyInstance): OutboundService[] {
  const { mtlsServices = {} } = app as AppMembers
  return Object.entries(mtlsServices).map(([name, { origin, expects }]) => {
    return { name, origin, ...(expects !== undefined && { expects }) }
  })
}

/** @param roots the public roots */
export function consoleBy (roots: () => PublicRoots): FastifyPluginAsync<FastifyMtlsConsoleOptions> {
  const plugin: FastifyPluginAsync<FastifyMtlsConsoleOptions> = async (app, options) => {
    await openConsole(app, options, roots)
  }
  return fp(plugin, { fastify: '5.x', name: '@peerkit/fastify-mtls-console', encapsulate: true })
}

/**
 * Fastify plugin: a read-only web page for operators. It shows which clients may call which routes, which clients did,
 * why clients were refused, and when certificates expire.
 *
 * Register it after `@peerkit/fastify-allowed-clients`, with a prefix and with rules that name the operators.
 *
 * @throws ConsoleOptionError if an option is missing or wrong
 * @example
 * ```ts
 * const app = Fastify(withMtls(credentials))
 * await app.register(fastifyMtls)
 * await app.register(fastifyAllowedClients, { groups: { operators: { ou: 'operations' } } })
 * await app.register(fastifyMtlsConsole, { prefix: '/console', allowedClients: ['operators'] })
 * await app.close()
 * ```
 */
const fastifyMtlsConsole: FastifyPluginAsync<FastifyMtlsConsoleOptions> = consoleBy(bundledRoots)
export default fastifyMtlsConsole
