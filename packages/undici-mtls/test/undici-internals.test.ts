import { once } from 'node:events'
import { test } from 'tap'
import * as undici from 'undici'
import * as undici7 from 'undici7'
import { checkUndici, isDnsHandler, kClients, originBefore } from '../src/dispatch/undici-internals.ts'

test('the installed undici has all that is relied on', async (t) => {
  const texts: string[] = []
  checkUndici(undici, kClients, (text) => { texts.push(text) })
  checkUndici(undici7, kClients, (text) => { texts.push(text) })
  t.same(texts, [])
  t.equal(kClients?.description, 'clients')
})

test('an undici without them is refused, or warned about once where only tests use it', async (t) => {
  t.throws(() => { checkUndici({}) }, { code: 'MTLS_ERR_OUTBOUND_OPTION', message: /older than 7/ })
  const texts: string[] = []
  checkUndici(undici, null, (text) => { texts.push(text) })
  t.match(texts, [/mocks of MockAgent in an unknown way.*expected undici 7 and 8/])
  const warnings: Array<Error & { code?: string }> = []
  const hear = (warning: Error): void => { warnings.push(warning) }
  process.on('warning', hear)
  t.teardown(() => { process.off('warning', hear) })
  const warned = once(process, 'warning')
  for (let time = 0; time < 2; time++) checkUndici(undici, null)
  await warned
  await new Promise(setImmediate)
  t.same(warnings.map(({ code }) => code), ['MTLS_WARN_UNDICI_UNKNOWN'])
})

for (const [name, { interceptors }] of [['7', undici7], ['8', undici]] as const) {
  test(`the dns interceptor of undici ${name} is known by its handler`, async (t) => {
    const lookup: any = (_origin: unknown, _options: unknown, done: (error: null, found: object[]) => void) => {
      done(null, [{ address: '127.0.0.1', family: 4, ttl: 1000 }])
    }
    const handler: any = { onRequestStart () {}, onResponseError () {} }
    const seen = new Promise<{ options: object, handler: object }>((resolve) => {
      const dispatch: any = (options: object, wrapped: object) => { resolve({ options, handler: wrapped }); return true }
      (interceptors.dns({ lookup }) as any)(dispatch)({ origin: 'https://ledger.test:8443', path: '/', method: 'GET' }, handler)
    })
    const { options, handler: wrapped } = await seen
    t.equal(isDnsHandler(wrapped), true)
    t.equal(isDnsHandler(handler), false)
    t.equal(originBefore({}), undefined)
    if (name === '8') t.match(originBefore(options), /ledger\.test/)
  })
}
