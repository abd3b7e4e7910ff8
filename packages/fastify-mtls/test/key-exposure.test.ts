import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { inspect } from 'node:util'
import { test } from 'tap'
import Fastify from 'fastify'
import { memoryCredentials } from '@peerkit/credentials'
import { createDevCa } from '@peerkit/dev-ca'
import fastifyMtls, { mtlsServerOptions, withMtls } from '../src/index.ts'

const ca = await createDevCa()
const [first, second] = [await ca.issue({ cn: 'first', dns: 'localhost' }), await ca.issue({ cn: 'second', dns: 'localhost' })]
const TICKET_SECRET = 'ticket-secret-ticket-secret-ticket-secret'
const marksOf = (text: string): string[] => [text, Buffer.from(text).toString('hex'), Buffer.from(text).toString('base64'), (Buffer.from(text).toString('hex').match(/../g) ?? []).join(' '), [...Buffer.from(text)].join(',')]
const SECRETS = [...[first, second].map(({ key }) => (key.split('\n')[1] as string).slice(10, 50)), TICKET_SECRET.slice(0, 30)].flatMap(marksOf)

function json (value: unknown): string {
  const seen = new WeakSet()
  return JSON.stringify(value, (_, found: unknown) => {
    if (typeof found === 'bigint' || typeof found === 'function') return undefined
    if (typeof found !== 'object' || found === null) return found
    if (seen.has(found)) return undefined
    seen.add(found)
    return found
  }) ?? ''
}

function shown (value: unknown): string[] {
  const depths = [{ depth: 2 }, { depth: 12, maxStringLength: Infinity, maxArrayLength: 10_000 }, { depth: 12, showHidden: true, maxStringLength: Infinity },
    { depth: 6, showHidden: true, getters: true, maxStringLength: Infinity }]
  return [...depths.map((options) => inspect(value, options)), json(value)]
}

for (const http2 of [false, true]) {
  test(`nothing of an app shows the key or the ticket secret (${http2 ? 'HTTP/2' : 'HTTP/1.1'})`, async (t) => {
    const credentials = memoryCredentials({ cert: first.chain, key: first.key, ca: ca.root })
    const mtls = { ticketSecret: Buffer.from(TICKET_SECRET) }
    const options = http2 ? withMtls(credentials, { mtls, http2: true }) : withMtls(credentials, { mtls })
    const app = Fastify(options as any)
    await app.register(fastifyMtls)
    await app.listen({ port: 0, host: 'localhost' })
    const check = (what: string): void => {
      for (const value of [app, app.server, app.initialConfig, options, mtlsServerOptions(credentials, mtls as object), credentials, credentials.current, app.mtls]) {
        for (const text of shown(value)) t.notOk(SECRETS.find((secret) => text.includes(secret)), what)
      }
    }
    check('at start')
    credentials.update({ cert: second.chain, key: second.key })
    check('after a rotation')
    t.equal(Reflect.get(app.server, 'key'), undefined)
    await app.close()
  })
}

test('option errors and events show no key', async (t) => {
  const credentials = memoryCredentials({ cert: first.chain, key: first.key, ca: ca.root })
  const messages: string[] = []
  const listen = (message: unknown): void => { messages.push(inspect(message, { depth: 9 })) }
  subscribe('peerkit:credentials:refused', listen)
  const attempts = [
    () => mtlsServerOptions(first.key as any), () => mtlsServerOptions(credentials, { ticketSecret: first.key as any }),
    () => mtlsServerOptions(credentials, { minVersion: first.key as any }), () => mtlsServerOptions(credentials, { clientCertificate: first.key as any }),
    () => mtlsServerOptions(credentials, { ticketSecret: () => first.key as any }), () => credentials.update({ ca: first.key }),
    () => credentials.update({ key: first.key.replaceAll('A', 'B') }), () => withMtls(credentials, { [first.key]: 1 } as any)
  ]
  for (const attempt of attempts) {
    try {
      await attempt()
    } catch (error) {
      messages.push(inspect(error, { depth: 9 }))
    }
  }
  unsubscribe('peerkit:credentials:refused', listen)
  for (const text of messages) t.notOk(SECRETS.find((secret) => text.includes(secret)), text.slice(0, 200))
  t.ok(messages.length >= attempts.length)
  await credentials.close()
})
