import { test } from 'tap'
import { ClientError, OptionError, dropRequestLog, holdRequestLog, releaseRequestLog } from '../../src/internal/index.ts'

interface TestLogger {
  info (...line: unknown[]): void
  child (): TestLogger
  isLevelEnabled (level: string): boolean
}

/** An app whose logger looks like pino, and the texts that it wrote. */
function appOf ({ isPino = true, level = true, missing = true, shared = false } = {}): { app: any, lines: unknown[], request (): any } {
  const lines: unknown[] = []
  const log: TestLogger = {
    info: (...line) => { lines.push(line[1]) },
    child: () => shared ? log : Object.create(log) as TestLogger,
    isLevelEnabled: () => level,
    ...(isPino && { [Symbol.for('pino.serializers')]: {} })
  }
  const make = (logger: TestLogger): TestLogger => logger.child()
  const app = {
    log,
    childLoggerFactory: make,
    setChildLoggerFactory (factory: typeof make) { app.childLoggerFactory = factory },
    ...(missing && { [Symbol('fastify.404ContextKey')]: { childLoggerFactory: make } })
  }
  return { app, lines, request: () => ({ log: app.childLoggerFactory(log) }) }
}

const turn = async (): Promise<void> => { await new Promise((resolve) => { setImmediate(resolve) }) }

test('of a denied request, the lines of Fastify are dropped, and those of the app stay', async (t) => {
  const { app, lines, request } = appOf()
  holdRequestLog(app)
  const denied = request()
  denied.log.info({ req: {} }, 'incoming request')
  dropRequestLog(denied)
  denied.log.info({ res: {} }, 'request completed')
  denied.log.info(null, 'of the app')
  await turn()
  t.same(lines, ['of the app'])
})

test('the first line is written with the decision, the next line, or at the end of the turn', async (t) => {
  const { app, lines, request } = appOf()
  holdRequestLog(app)
  const [allowed, talking, waiting] = [request(), request(), request()]
  for (const { log } of [allowed, talking, waiting]) log.info({ req: {} }, 'incoming request')
  t.same(lines, [])
  releaseRequestLog(allowed)
  t.same(lines, ['incoming request'])
  talking.log.info({}, 'in the handler')
  t.same(lines, ['incoming request', 'incoming request', 'in the handler'])
  await turn()
  t.same(lines, ['incoming request', 'incoming request', 'in the handler', 'incoming request'])
  allowed.log.info({ res: {} }, 'request completed')
  t.equal(lines.at(-1), 'request completed')
})

test('URLs without a route are held too, where Fastify keeps their context', (t) => {
  const { app } = appOf()
  holdRequestLog(app)
  const [key] = Object.getOwnPropertySymbols(app)
  t.equal(app[key as symbol].childLoggerFactory, app.childLoggerFactory)
  const other = appOf({ missing: false })
  t.doesNotThrow(() => { holdRequestLog(other.app) })
  t.end()
})

test('other loggers, shared ones and silent ones are left alone', (t) => {
  for (const options of [{ isPino: false }, { shared: true }, { level: false }]) {
    const { app, lines, request } = appOf(options)
    holdRequestLog(app)
    const denied = request()
    denied.log.info({ req: {} }, 'incoming request')
    releaseRequestLog(denied)
    dropRequestLog(denied)
    t.same(lines, ['incoming request'])
  }
  t.end()
})

test('an error for a client has a stack of one line; name and stack can be replaced, as those of every error', (t) => {
  class DeniedError extends ClientError {
    override readonly code = 'MTLS_ERR_X'
    override readonly statusCode = 403
  }
  const error = new DeniedError('no')
  t.equal(error.stack, 'DeniedError: no')
  error.name = 'Other'
  error.stack = 'mine'
  t.equal(String(error), 'Other: no')
  t.equal(error.stack, 'mine')
  t.equal(new DeniedError('no').name, 'DeniedError')
  t.end()
})

test('an error about options is a TypeError with the name of its class, which can be replaced', (t) => {
  class AppOptionError extends OptionError {
    override readonly code = 'MTLS_ERR_Y'
  }
  const error = new AppOptionError('no')
  t.type(error, TypeError)
  t.equal(String(error), 'AppOptionError: no')
  error.name = 'Other'
  t.equal(String(error), 'Other: no')
  t.end()
})
