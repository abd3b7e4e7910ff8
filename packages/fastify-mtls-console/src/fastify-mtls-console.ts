import { hostname } from 'node:os'
import type { CredentialSource } from '@peerkit/credentials'
import { joinApp } from '@peerkit/events'
import { IS_PUBLIC } from '@peerkit/identity/internal'
import type { RevocationChecker } from '@peerkit/revocation'
import type { FastifyInstance, FastifyPluginAsync } from 'fastify'
import fp from 'fastify-plugin'
import { bundledRoots } from '@peerkit/trust/forecast'
import type { PublicRoots } from '@peerkit/trust/forecast'
import { addRoutes } from './add-routes.ts'
import { addWhatIf } from './add-what-if.ts'
import { Collector } from './collect/collector.ts'
import { RotationHistory } from './collect/rotation-history.ts'
import { MTLS_ERR_CONSOLE_OPTION } from './errors.ts'
import type { ConsoleState } from './queries/console-state.ts'
import { Forecaster } from './queries/forecaster.ts'
import { createHandshakeEvaluator } from './queries/handshake-evaluator.ts'
import type { AllowedClientsControl } from './queries/listed-route.ts'
import { isWithin } from './queries/route-map.ts'
import { nameCertificate } from './queries/show-certificate.ts'
import { checkOptions } from './options.ts'
import type { FastifyMtlsConsoleOptions, OutboundService } from './options.ts'

/** The members of `app.mtls` from other plugins that the console uses. */
interface AppMembers extends Partial<AllowedClientsControl> {
  readonly credentials?: CredentialSource | undefined
  readonly revocation?: RevocationChecker | undefined
  allow? (rules: unknown, options: { readonly mode: 'enforce', readonly overridable: false }): void
}

async function openConsole (
  app: FastifyInstance,
  options: FastifyMtlsConsoleOptions,
  roots: () => PublicRoots
): Promise<void> {
  const members = (app as { readonly mtls?: AppMembers }).mtls
  const { credentials, revocation } = checkOptions(withDefaults(options, members), app.prefix)
  const control = guard(app, members, options)
  const { now = Date.now, maxEvents = 1000, maxClients = 200, instance = hostname() } = options
  const collector = new Collector({
    events: maxEvents,
    clients: maxClients,
    server: app.server,
    isOwnRoute: (route) => route !== undefined && isWithin(route, app.prefix)
  })
  const leave = joinApp(app.server, credentials, revocation)
  const rotations = new RotationHistory(credentials, now)
  app.addHook('onClose', async () => {
    collector.close()
    rotations.close()
    leave()
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
    // A getter, because plugins that are registered later may add services.
    get services () { return [...listDecorated(app), ...outbound] }
  }
  addWhatIf(app, state, addRoutes(app, state))
}

/** The options, with the credentials and checker of the app as defaults. */
function withDefaults (
  options: FastifyMtlsConsoleOptions,
  { credentials, revocation }: AppMembers = {}
): FastifyMtlsConsoleOptions {
  return {
    ...(credentials !== undefined && { credentials }),
    ...(revocation !== undefined && { revocation }),
    ...options
  }
}

/**
 * Allows only the named clients to read the console, even if the app is in report mode.
 *
 * @throws MTLS_ERR_CONSOLE_OPTION, MTLS_ERR_RULE_INVALID
 */
function guard (
  app: FastifyInstance,
  members: AppMembers | undefined,
  { allowedClients: rules }: FastifyMtlsConsoleOptions
): AllowedClientsControl {
  if (members?.allow === undefined || !(IS_PUBLIC in app)) {
    throw new MTLS_ERR_CONSOLE_OPTION(
      'the app is without @peerkit/fastify-allowed-clients, which protects the console; register that plugin before'
    )
  }
  members.allow(rules, { mode: 'enforce', overridable: false })
  return members as AppMembers & AllowedClientsControl
}

/** The services of `@peerkit/fastify-mtls-client`. */
function listDecorated (app: FastifyInstance): OutboundService[] {
  const services = (app as { readonly mtlsServices?: unknown }).mtlsServices
  if (typeof services !== 'object' || services === null) return []
  return Object.entries(services).flatMap(([name, service]): OutboundService[] => {
    const { origin, expects } = (service ?? {}) as Partial<OutboundService>
    return typeof origin === 'string' ? [{ name, origin, ...(typeof expects === 'string' && { expects }) }] : []
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
 * @throws MTLS_ERR_CONSOLE_OPTION if an option is missing or wrong
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
