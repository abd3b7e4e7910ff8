import { findMissingHandler } from './fastify-internals.ts'

/** The methods of pino that are used. */
interface Logger {
  info (first: unknown, ...rest: unknown[]): void
  isLevelEnabled? (level: string): boolean
}

type MakeChild = (this: unknown, logger: Logger, ...rest: unknown[]) => Logger

/** The parts of a Fastify instance that are used. */
interface LoggingApp {
  readonly log: object
  readonly childLoggerFactory: MakeChild
  setChildLoggerFactory (factory: MakeChild): unknown
}

/** Fastify's own lines about one request. */
interface RequestLog {
  /** Writes the line `incoming request`, if it was not written. */
  release (): void
  /** Drops that line, and Fastify's later lines about the reply. */
  drop (): void
}

const logs = new WeakMap<object, RequestLog>()

/** Every logger of pino has this key. */
const PINO = Symbol.for('pino.serializers')

/**
 * Prepares an app so that a denied request can have one line. Fastify writes `incoming request` before any hook runs,
 * then the error with its stack, then `request completed`. The first is held until the decision, or until the end of
 * this turn of the event loop. Loggers other than pino are left alone: they may not bear a copy.
 */
export function holdRequestLog (app: unknown): void {
  const instance = app as LoggingApp
  if (!(PINO in instance.log)) return
  const make = instance.childLoggerFactory
  const factory: MakeChild = function (logger, ...rest) {
    const child = make.call(this, logger, ...rest)
    return child !== logger && PINO in child && child.isLevelEnabled?.('info') === true ? hold(child) : child
  }
  instance.setChildLoggerFactory(factory)
  holdOfMissing(instance, factory)
}

/**
 * The same for URLs without a route. Fastify makes the handler for those before any plugin, so it has the former
 * factory. If a version of Fastify keeps it elsewhere, such a denial has more lines.
 */
function holdOfMissing (app: object, factory: MakeChild): void {
  const handler = findMissingHandler<MakeChild>(app)
  if (handler?.childLoggerFactory !== undefined) handler.childLoggerFactory = factory
}

/** Drops Fastify's own lines about a denied request. */
export function dropRequestLog ({ log }: { readonly log: object }): void { logs.get(log)?.drop() }

/** Writes the line that was held. */
export function releaseRequestLog ({ log }: { readonly log: object }): void { logs.get(log)?.release() }

function hold (child: Logger): Logger {
  const log = Object.create(child) as Logger
  let held: unknown[] | undefined
  let isDropped = false
  const release = (): void => {
    const line = held
    held = undefined
    if (line !== undefined) child.info(...line as [unknown, ...unknown[]])
  }
  log.info = (...line) => {
    const [first, text] = line
    if (text === 'incoming request' && isAbout(first, 'req')) {
      held = line
      setImmediate(release)
      return
    }
    if (isDropped && isAbout(first, 'res')) return
    release()
    child.info(...line)
  }
  logs.set(log, {
    release,
    drop () {
      held = undefined
      isDropped = true
    }
  })
  return log
}

function isAbout (fields: unknown, key: 'req' | 'res'): boolean {
  return typeof fields === 'object' && fields !== null && key in fields
}
