import { mock } from 'node:test'
import Fastify from 'fastify'
import { test } from 'tap'
import { keepAudit } from '@peerkit/events'
import { memoryCredentials } from '@peerkit/credentials'
import { createDevCa } from '@peerkit/dev-ca'
import fastifyMtls, { withMtls } from '../src/index.ts'
import { logOwnEnd } from '../src/log/credentials-log.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR

test('logs once that our certificate ends soon, and once that it has ended', async (t) => {
  const start = Math.floor(Date.now() / 1000) * 1000
  const ca = await createDevCa({ notAfter: new Date(start + 400 * DAY) })
  const issue = async (cn: string, days: number): Promise<{ cert: string, key: string }> => {
    const { chain, key } = await ca.issue({ cn, notBefore: new Date(start), notAfter: new Date(start + days * DAY) })
    return { cert: chain, key }
  }
  const [short, long] = [await issue('short', 10), await issue('long', 300)]
  mock.timers.enable({ apis: ['setTimeout', 'Date'], now: start + 1_000 })
  t.teardown(() => { mock.timers.reset() })
  const lines: Array<[object, string]> = []
  const log = { info: () => {}, warn: (fields: object, text: string) => { lines.push([fields, text]) } }
  let audit = false
  const source = memoryCredentials({ ...short, ca: ca.root })
  const end = logOwnEnd(source, log as any, Date.now, () => audit)
  mock.timers.tick(8 * DAY - HOUR)
  t.equal(lines.length, 0)
  mock.timers.tick(2 * HOUR)
  t.match(lines, [[{ certificate: /CN=short/, notAfter: new Date(start + 10 * DAY).toISOString(), generation: 1 }, 'our own certificate ends soon; rotate the credentials']])
  mock.timers.tick(DAY)
  t.equal(lines.length, 1)
  mock.timers.tick(DAY)
  t.match(lines[1], [{}, 'our own certificate ended; peers refuse it'])
  mock.timers.tick(DAY)
  t.equal(lines.length, 2)
  source.update({ ...long })
  mock.timers.tick(270 * DAY)
  t.equal(lines.length, 2, 'the next one is new')
  mock.timers.tick(6 * DAY)
  t.match(lines[2], [{ certificate: /CN=long/ }, /ends soon/], '14 days before the end, at the most')
  audit = true
  mock.timers.tick(20 * DAY)
  t.equal(lines.length, 3, 'an audit log reports it itself')
  end()
  await source.close()
})

test('the audit log of one app does not silence another app', async (t) => {
  const ca = await createDevCa()
  const { chain, key } = await ca.issue({ cn: 'short', notAfter: new Date(Date.now() + HOUR), notBefore: new Date(Date.now() - DAY) })
  const start = async (isAudited: boolean): Promise<string[]> => {
    const lines: string[] = []
    const stream = { write: (line: string) => { lines.push(JSON.parse(line).msg) } }
    const credentials = memoryCredentials({ cert: chain, key, ca: ca.root })
    const app = Fastify(withMtls(credentials, { logger: { level: 'warn', stream } }))
    const forget = isAudited ? keepAudit(app.server) : () => {}
    await app.register(fastifyMtls, { closeCredentials: true })
    t.teardown(async () => { forget(); await app.close() })
    return lines.filter((line) => line.startsWith('our own certificate'))
  }
  t.same(await start(true), [])
  t.match(await start(false), [/ends soon/])
})
