import { format, inspect } from 'node:util'
import { choice, defineOptions } from '@peerkit/identity/internal'
import type { FastifyBaseLogger } from 'fastify'
import { AllowedClientsOptionError } from '../errors.ts'

/** What is used of the `Logger` of NestJS, and of each `LoggerService`. */
export interface NestLoggerService {
  log (message: unknown, ...more: unknown[]): unknown
  error (message: unknown, ...more: unknown[]): unknown
  warn (message: unknown, ...more: unknown[]): unknown
  debug? (message: unknown, ...more: unknown[]): unknown
  verbose? (message: unknown, ...more: unknown[]): unknown
}

const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const
type Level = typeof LEVELS[number]

const METHODS = {
  trace: 'verbose', debug: 'debug', info: 'log', warn: 'warn', error: 'error', fatal: 'error'
} as const satisfies Record<Level, keyof NestLoggerService>

export interface NestLoggerOptions {
  /** The least level that is written. Default `info`. */
  readonly level?: Level
}

const OPTIONS = defineOptions<NestLoggerOptions>(
  'nestLogger', AllowedClientsOptionError, { level: choice(...LEVELS) }
)

/**
 * A logger for Fastify, which writes by the logger of NestJS: denied clients, refused handshakes, new certificates and
 * the warnings of the start. Each line is a text and its fields as JSON.
 *
 * ```ts
 * const loggerInstance = nestLogger(new Logger('mTLS'))
 * const adapter = new FastifyAdapter(withMtls(credentials, { loggerInstance, disableRequestLogging: true }))
 * ```
 *
 * @throws AllowedClientsOptionError if an option is wrong
 * @example
 * ```ts
 * const log = nestLogger(console, { level: 'warn' }) // console has the methods of Nest's Logger
 * log.warn({ reason: 'no_match' }, 'client denied')  // client denied {"reason":"no_match"}
 * ```
 */
export function nestLogger (logger: NestLoggerService, options: NestLoggerOptions = {}): FastifyBaseLogger {
  OPTIONS.check(options, 'nestLogger: options')
  return makeLogger(logger, options.level ?? 'info', {})
}

type Write = FastifyBaseLogger['info']

function makeLogger (logger: NestLoggerService, level: Level, bound: object): FastifyBaseLogger {
  const isLevelEnabled = (asked: string): boolean => LEVELS.indexOf(asked as Level) >= LEVELS.indexOf(level)
  const writer = (at: Level): Write => (first: unknown, ...rest: unknown[]) => {
    if (isLevelEnabled(at)) write(logger, at, { bound, first, rest })
  }
  const methods = Object.fromEntries(LEVELS.map((at) => [at, writer(at)])) as Record<Level, Write>
  return Object.assign(methods, {
    level,
    isLevelEnabled,
    silent: () => {},
    child: (fields: object) => makeLogger(logger, level, { ...bound, ...fields })
  }) as FastifyBaseLogger
}

interface Line { readonly bound: object, readonly first: unknown, readonly rest: readonly unknown[] }

/** As pino is called: `(fields, text, …values)`, `(text, …values)` or `(error)`. */
function write (logger: NestLoggerService, level: Level, { bound, first, rest }: Line): void {
  const hasFields = typeof first === 'object' && first !== null
  const given = first instanceof Error ? { err: first } : hasFields ? first : {}
  const fields: Record<string, unknown> = { ...bound, ...given }
  const error = fields['err'] instanceof Error ? fields['err'] : undefined
  const [text = error?.message ?? '', ...values] = hasFields ? rest : [first, ...rest]
  const more = writeFields(fields)
  const line = `${format(text, ...values)}${more === '{}' ? '' : ` ${more}`}`
  const stack = METHODS[level] === 'error' && error?.stack !== undefined ? [error.stack] : []
  logger[METHODS[level]]?.(line, ...stack)
}

function writeFields (fields: object): string {
  try {
    return JSON.stringify(fields, writeValue)
  } catch {
    // A structure that contains itself, as the requests of Node do.
    return inspect(fields, { depth: 1, breakLength: Infinity })
  }
}

function writeValue (_key: string, value: unknown): unknown {
  return value instanceof Error ? value.message : typeof value === 'bigint' ? String(value) : value
}
