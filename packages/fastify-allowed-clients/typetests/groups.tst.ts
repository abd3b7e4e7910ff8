import type { PeerIdentity } from '@peerkit/identity'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { describe, expect, test } from 'tstyche'
import fastifyAllowedClients from '@peerkit/fastify-allowed-clients'
import type { AllowedClients, ClientGroups, GroupName, ListedRoute } from '@peerkit/fastify-allowed-clients'

declare module '@peerkit/fastify-allowed-clients' {
  interface AllowedClientsGroups { billing: true, ops: true }
}

declare const app: FastifyInstance
const handler = async (): Promise<string> => 'x'

describe('groups that the app declares', () => {
  test('are the only names, beside the two words', () => {
    expect<GroupName>().type.toBe<'billing' | 'ops'>()
    expect<AllowedClients>().type.toBeAssignableFrom(['billing', 'ops', { cn: 'x' }] as const)
    expect<AllowedClients>().type.not.toBeAssignableFrom(['biling'] as const)
    app.get('/a', { config: { allowedClients: ['billing', { spiffe: 'spiffe://td' }] } }, handler)
    // @ts-expect-error Type '"biling"' is not assignable
    app.get('/a', { config: { allowedClients: ['biling'] } }, handler)
    // @ts-expect-error Type '"biling"' is not assignable
    app.mtls.allow(['biling'])
  })

  test('may come from code, from a file, or from both', () => {
    expect<ClientGroups>().type.toBeAssignableFrom({ billing: { ou: 'billing' } })
    expect<ClientGroups>().type.toBeAssignableFrom({ billing: [{ ou: 'billing' }, 'ops'] as const, ops: { ou: 'ops' } })
    app.register(fastifyAllowedClients, { groups: { billing: { ou: 'billing' } }, file: 'clients.yaml' })
    // @ts-expect-error 'biling' does not exist
    app.register(fastifyAllowedClients, { groups: { biling: { ou: 'billing' } } })
  })
})

describe('config.allowedClients', () => {
  test('refuses a misspelt key, at the key', () => {
    // @ts-expect-error 'spife' does not exist in type
    app.get('/a', { config: { allowedClients: [{ spife: 'x' }] } }, handler)
    // @ts-expect-error 'oo' does not exist
    app.get('/a', { config: { allowedClients: [{ ou: 'x', oo: 'y' }] } }, handler)
    // @ts-expect-error 'cnn' does not exist
    app.get('/a', { config: { allowedClients: [{ ou: 'x', not: { cnn: 'y' } }] } }, handler)
    // @ts-expect-error Type '{ ou: number; }' is not assignable
    app.get('/a', { config: { allowedClients: [{ ou: 7 }] } }, handler)
    app.route({
      method: 'GET',
      url: '/',
      handler,
      config: { allowedClients: [{ ou: ['x', 'y'] }], allowedClientsMode: 'report-only' }
    })
    // @ts-expect-error is not assignable to type 'never'
    app.get('/a', { config: { allowedClientsMode: 'log' } }, handler)
  })

  test('takes the two words, and no text else', () => {
    app.get('/a', { config: { allowedClients: 'authenticated' } }, handler)
    app.get('/a', { config: { allowedClients: 'public' } }, handler)
    app.get('/a', { config: { allowedClients: 'billing' } }, handler)
    app.get('/a', { config: { allowedClients: { spiffe: 'spiffe://td' } } }, handler)
    app.get('/a', { config: { allowedClients: ({ spiffeId }) => spiffeId === 'spiffe://td/a' } }, handler)
    // @ts-expect-error Type '"biling"' is not assignable
    app.get('/a', { config: { allowedClients: 'biling' } }, handler)
    // @ts-expect-error Type '("billing" | "public")[]' is not assignable
    app.get('/a', { config: { allowedClients: ['public', 'billing'] } }, handler)
    // @ts-expect-error Types of property 'allowedClients' are incompatible
    app.get('/a', { config: { allowedClients: undefined } }, handler)
  })

  test('types what a predicate is given', () => {
    app.get('/a', {
      config: {
        allowedClients: [(peer, request) => {
          expect(peer).type.toBe<PeerIdentity>()
          expect(request).type.toBe<FastifyRequest>()
          return true
        }]
      }
    }, handler)
    // @ts-expect-error Type 'string' is not assignable to type
    app.get('/a', { config: { allowedClients: [() => 'yes'] } }, handler)
  })
})

describe('the plugin', () => {
  test('refuses unknown options', () => {
    // @ts-expect-error No overload matches this call
    app.register(fastifyAllowedClients, { client: {} })
    // @ts-expect-error 'rule' does not exist
    app.mtls.allow('ops', { rule: ['ops'] })
  })

  test('decorates the app', () => {
    expect(app.mtls.printRoutes()).type.toBe<string>()
    expect(app.mtls.routes()).type.toBe<readonly ListedRoute[]>()
    expect(app.mtls.reload()).type.toBe<Promise<void>>()
    expect(app.mtls.allow(['ops'], { overridable: true, mode: 'report-only' })).type.toBe<void>()
    app.mtls.allow('ops')
    app.mtls.allow({ ou: 'ops' })
    app.mtls.allow('public')
    app.mtls.setMode('report-only')
    // @ts-expect-error Argument of type '"report"' is not assignable
    app.mtls.setMode('report')
  })
})
