import { test } from 'tap'
import type { ListedRoute } from '../src/index.ts'
import { guardedApp } from './support/app.ts'
import { billing, ops } from './support/people.ts'

const ok = async (): Promise<string> => 'ok'

interface Listed { readonly routes: Record<string, ListedRoute>, readonly asked: readonly string[] }

async function listedApp (t: { after (task: () => unknown): void }): Promise<Listed> {
  const { app } = await guardedApp({ groups: { billing: { ou: 'billing' } } }, {}, { clientCertificate: 'optional' })
  t.after(() => app.close())
  const asked: string[] = []
  app.get('/ruled', { config: { allowedClients: ['billing'] } }, ok)
  app.get('/forgotten', ok)
  app.get('/open', { config: { allowedClients: 'public' } }, ok)
  app.get('/identified', { config: { allowedClients: 'authenticated' } }, ok)
  app.get('/tried', { config: { allowedClients: ['billing'], allowedClientsMode: 'report-only' } }, ok)
  app.get('/asked', { config: { allowedClients: ['billing', () => asked.push('predicate') > 0] } }, ok)
  await app.register(async (scope) => {
    scope.mtls.allow(['billing'])
    scope.get('/both', { config: { allowedClients: [{ ou: 'ops' }] } }, ok)
  })
  await app.ready()
  return { routes: Object.fromEntries(app.mtls.routes().filter(({ methods }) => methods.includes('GET')).map((route) => [route.url, route])), asked }
}

test('says what every route would answer a peer, without asking predicates or counting', async (t) => {
  const { routes, asked } = await listedApp(t)
  const foresee = (peer: typeof billing | null): object => Object.fromEntries(Object.entries(routes).map(([url, route]) => [url, route.evaluate(peer).outcome]))
  t.strictSame(foresee(billing), { '/ruled': 'allowed', '/forgotten': 'denied', '/open': 'allowed', '/identified': 'allowed', '/tried': 'allowed', '/asked': 'allowed', '/both': 'denied' })
  t.strictSame(foresee(ops), { '/ruled': 'denied', '/forgotten': 'denied', '/open': 'allowed', '/identified': 'allowed', '/tried': 'reported', '/asked': 'needs-request', '/both': 'denied' })
  t.strictSame(foresee(null), { '/ruled': 'denied', '/forgotten': 'denied', '/open': 'allowed', '/identified': 'denied', '/tried': 'reported', '/asked': 'denied', '/both': 'denied' })
  t.strictSame(asked, [], 'no predicate was asked')
  t.strictSame(routes['/ruled']?.counts, { allowed: 0, denied: 0, wouldDeny: 0 })
})

test('explains each set of rules, and has nothing to say where there are none', async (t) => {
  const { routes } = await listedApp(t)
  const [scope, own] = routes['/both']?.evaluate(ops).requirements ?? []
  t.match(scope, { rules: 'scope without a prefix', outcome: 'denied' })
  t.match(String(scope?.explain()), /not allowed by the rules: no_match[\s\S]*ou: expected "billing", found "ops"/)
  t.match(String(own?.explain()), /allowed by rule 0/)
  t.equal(routes['/forgotten']?.evaluate(ops).requirements[0]?.explain(), undefined)
  t.equal(routes['/identified']?.evaluate(ops).requirements[0]?.explain(), undefined)
})

test('keeps what it can foresee out of what is listed as data', async (t) => {
  const { routes } = await listedApp(t)
  t.notMatch(Object.keys(routes['/ruled'] ?? {}), ['foresee'])
  t.notMatch(JSON.stringify(routes['/ruled']), /foresee/)
})
