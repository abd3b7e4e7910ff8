import { memoryCredentials } from '@peerkit/credentials'
import fastifyMtls, { injectAs, withMtls } from '@peerkit/fastify-mtls'
import Fastify from 'fastify'
import { test } from 'tap'
import fastifyAllowedClients from '../../src/index.ts'
import { nestLogger } from '../../src/nestjs/index.ts'
import type { NestLoggerService } from '../../src/nestjs/index.ts'
import { ca, ops, serverCertificate } from '../support/people.ts'

interface Recorded { readonly logger: NestLoggerService, readonly lines: unknown[][] }

function record (): Recorded {
  const lines: unknown[][] = []
  const method = (name: string) => (...given: unknown[]): void => { lines.push([name, ...given]) }
  return { lines, logger: { log: method('log'), error: method('error'), warn: method('warn'), debug: method('debug'), verbose: method('verbose') } }
}

test('a denial is a line of the logger of Nest', async (t) => {
  const { logger, lines } = record()
  const credentials = memoryCredentials({ cert: serverCertificate.chain, key: serverCertificate.key, ca: ca.root })
  const app = Fastify(withMtls(credentials, { loggerInstance: nestLogger(logger, { level: 'warn' }), disableRequestLogging: true }))
  await app.register(fastifyMtls, { closeCredentials: true })
  await app.register(fastifyAllowedClients)
  app.get('/invoices', { config: { allowedClients: { ou: 'billing' } } }, async () => [])
  t.equal((await injectAs(app, ops, '/invoices')).statusCode, 403)
  await app.close()
  const [[method, text] = [], ...more] = lines
  t.strictSame(more, [])
  t.equal(method, 'warn')
  t.match(text, /^client denied \{"reqId":"req-1","reason":"no_match","rules":"config\.allowedClients","nearest":.*"statusCode":403\}$/)
})

test('the levels, and the forms in which pino is called', (t) => {
  const { logger, lines } = record()
  const log = nestLogger(logger)
  const error = new Error('broken')
  log.trace('too little')
  log.debug('too little')
  log.info('started on %s', 8443)
  log.warn({ size: 2n }, 'large')
  log.error(error)
  log.error({ err: error, path: '/x' }, 'failed')
  log.fatal('the end')
  log.silent('nothing')
  log.child({ part: 1 }).child({ place: 2 }).info({ what: 3 }, 'nested')
  log.info({ only: 'fields' })
  t.strictSame(lines, [
    ['log', 'started on 8443'],
    ['warn', 'large {"size":"2"}'],
    ['error', 'broken {"err":"broken"}', error.stack],
    ['error', 'failed {"err":"broken","path":"/x"}', error.stack],
    ['error', 'the end'],
    ['log', 'nested {"part":1,"place":2,"what":3}'],
    ['log', ' {"only":"fields"}']
  ])
  t.end()
})

test('the level, and methods that a logger does not have', (t) => {
  const { logger, lines } = record()
  const verbose = nestLogger(logger, { level: 'trace' })
  verbose.trace('a')
  verbose.debug('b')
  const { log, warn, error } = logger
  nestLogger({ log, warn, error }, { level: 'trace' }).trace('nowhere')
  t.strictSame(lines, [['verbose', 'a'], ['debug', 'b']])
  t.throws(() => nestLogger(logger, { level: 'warning' as 'warn' }), { code: 'MTLS_ERR_ALLOWED_CLIENTS_OPTION', message: /level/ })
  t.end()
})

test('what JSON cannot hold', (t) => {
  const { logger, lines } = record()
  const circle: Record<string, unknown> = {}
  circle['self'] = circle
  nestLogger(logger).info(circle, 'round')
  t.match(lines[0]?.[1], /^round .*<ref \*1> \{ self: /)
  t.end()
})
