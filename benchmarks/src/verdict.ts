// The cost of the hook of fastify-allowed-clients for a request whose verdict is remembered, with live requests over
// mutual TLS.
import type { Metric, Run } from './benchmark.ts'
import { compare } from './compare.ts'
import { connectGuarded } from './live-guard.ts'

const METRICS: readonly Metric[] = [{ key: 'ns', title: 'ns a request', ratio: true }]
const MANY = 100_000

export const run: Run = async ({ quick, rounds }) => {
  const loop = quick ? 10_000 : 200_000
  const guarded = await connectGuarded({
    client: { cn: 'billing-7', ou: ['ops', 'billing'], spiffe: 'spiffe://prod.example/ns/ops/sa/billing' },
    groups: {
      many: Array.from({ length: MANY }, (_, index) => ({ spiffe: `spiffe://prod.example/ns/n${index}/sa/x` })),
      billing: { ou: 'billing' }
    },
    paths: ['/rules', '/many', '/predicate', '/scope'],
    async add (app, handler) {
      app.get(
        '/rules',
        { config: { allowedClients: [{ ou: 'nobody' }, { spiffe: 'spiffe://prod.example/ns/*/sa/billing' }] } },
        handler
      )
      app.get('/many', { config: { allowedClients: ['many', 'billing'] } }, handler)
      app.get('/predicate', { config: { allowedClients: [(peer) => peer.source === 'tls'] } }, handler)
      await app.register(async (scope) => {
        scope.mtls.allow([{ ou: 'ops' }])
        scope.get('/scope', { config: { allowedClients: ['billing'] } }, handler)
      })
    }
  })
  const guard = (path: string) => async (): Promise<{ ns: number }> => ({ ns: guarded.time(path, loop) })
  const contenders = [
    {
      name: 'reading `request.optionalPeer` and `request.routeOptions` alone',
      measure: async () => ({ ns: guarded.timeReading('/rules', loop) })
    },
    { name: 'the hook, two rules', measure: guard('/rules') },
    { name: 'the hook, a rule of the route and one of its scope', measure: guard('/scope') },
    { name: `the hook, ${MANY.toLocaleString('en')} exact values`, measure: guard('/many') },
    { name: 'the hook, a predicate (never remembered)', measure: guard('/predicate') }
  ]
  await compare('Warm-up', METRICS, contenders, 3)
  const section = await compare('A remembered verdict', METRICS, contenders, 3 * rounds)
  await guarded.close()
  return [section]
}
