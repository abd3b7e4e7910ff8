import { test } from 'tap'
import fastifyAllowedClients from '../src/index.ts'
import { guardedApp } from './support/app.ts'
import { billing } from './support/people.ts'

test('the plugin is registered once', async (t) => {
  const { app } = await guardedApp()
  await t.rejects(async () => { await app.register(fastifyAllowedClients) }, { code: 'MTLS_ERR_PLUGIN_ORDER', message: /it was registered twice; expected one registration with all options/ })
})

test('evaluate takes a peer or null, and says so', async (t) => {
  const { app } = await guardedApp()
  app.get('/', async () => 'x')
  await app.ready()
  for (const [peer, found] of [['alice', '"alice"'], [undefined, 'missing'], [{ commonName: 'alice' }, 'an object']] as const) {
    t.throws(() => app.mtls.evaluate(peer as never), { code: 'MTLS_ERR_ALLOWED_CLIENTS_OPTION', message: new RegExp(`app\\.mtls\\.evaluate\\(peer\\) is ${found}; expected a PeerIdentity of parsePeerIdentity.*, or null`) })
  }
  t.match(app.mtls.evaluate(billing), [{ outcome: 'denied' }, {}])
  t.match(app.mtls.evaluate(null), [{ outcome: 'denied' }, {}])
})
