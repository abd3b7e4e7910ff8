import type { CredentialSource } from '@peerkit/credentials'
import {
  anything, clock, count, defineOptions, list, methods, required, source, text, valueOf, wrongValue
} from '@peerkit/identity/internal'
import type { RevocationChecker } from '@peerkit/revocation'
import type { RuleSet } from '@peerkit/rules'
import { ConsoleOptionError } from './errors.ts'

/** A server that this service calls. Services of `@peerkit/fastify-mtls-client` are found automatically. */
export interface OutboundService {
  readonly name: string
  readonly origin: string
  /** The expected server, as text: the result of `MtlsAgent.describeServers(origin)`. */
  readonly expects?: string
}

/** Options of `@peerkit/fastify-mtls-console`. */
export interface FastifyMtlsConsoleOptions {
  /** The path of the console, for example `/console`. */
  readonly prefix: string
  /** Rules for the clients that may read the console. Required. `authenticated` and `public` are refused. */
  readonly allowedClients: RuleSet<string, any>
  /** The credentials of the server. Default: those of the app. */
  readonly credentials?: CredentialSource
  /** The revocation checker of the server. Its CRLs are shown, and What if uses it. Default: that of the app. */
  readonly revocation?: RevocationChecker
  /** Servers that are called without `@peerkit/fastify-mtls-client`. */
  readonly outbound?: readonly OutboundService[]
  /** The name of the service on the page. Default: the name of its certificate. */
  readonly name?: string
  /** The name of this replica. Default: the host name. */
  readonly instance?: string
  /** Entries of each part of the log: clients, refused handshakes, changes. Default 1000, at most 100,000. */
  readonly maxEvents?: number
  /** Remembered clients. Default 200, at most 10,000. */
  readonly maxClients?: number
  /** The clock, in milliseconds since the epoch. Default `Date.now`. */
  readonly now?: () => number
}

const NAMED_RULES = 'rules that name the operators, such as { ou: "operations" }'
const SOURCE = source('a source such as that of fileCredentials()', 'identity')
const OUTBOUND = defineOptions<OutboundService>('outbound', ConsoleOptionError, {
  name: required(text()), origin: required(text()), expects: text('a string', true)
})
const NAME = text()
/** The last two are options of Fastify for every plugin. */
const OPTIONS = defineOptions<FastifyMtlsConsoleOptions & { logLevel?: unknown, logSerializers?: unknown }>(
  '@peerkit/fastify-mtls-console',
  ConsoleOptionError,
  {
    prefix: anything,
    allowedClients: required(valueOf(
      NAMED_RULES, (rules) => rules !== null && !(Array.isArray(rules) && rules.length === 0)
    )),
    credentials: required(SOURCE),
    revocation: methods(['check'], 'a revocation checker such as that of crlChecker()'),
    outbound: list('objects with name, origin and expects', anything),
    name: NAME,
    instance: NAME,
    maxEvents: count({ least: 1, most: 100_000 }),
    maxClients: count({ least: 1, most: 10_000 }),
    now: clock,
    logLevel: anything,
    logSerializers: anything
  }
)

/** @throws ConsoleOptionError with the option, what was found and what was expected */
export function checkOptions (
  options: FastifyMtlsConsoleOptions,
  prefix: string
): FastifyMtlsConsoleOptions & Required<Pick<FastifyMtlsConsoleOptions, 'credentials'>> {
  if (prefix === '' || prefix === '/') {
    throw new ConsoleOptionError('prefix is missing; expected a path of its own, such as "/console"')
  }
  OPTIONS.check(options)
  refuseRulesForAll(options.allowedClients)
  for (const [index, service] of (options.outbound ?? []).entries()) OUTBOUND.check(service, `outbound[${index}]`)
  return options as ReturnType<typeof checkOptions>
}

/** The console shows the rights of all clients, so it needs rules that name the operators. */
function refuseRulesForAll (rules: unknown): void {
  const list: readonly unknown[] = Array.isArray(rules) ? rules : [rules]
  const word = ['public', 'authenticated'].find((one) => list.includes(one))
  if (word === undefined) return
  const expected = 'rules that name the operators: the console shows every rule and every client'
  throw wrongValue(ConsoleOptionError, 'allowedClients', word, expected)
}
