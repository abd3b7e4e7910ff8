import { expect, test } from 'tstyche'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { FastifyMtlsClientOptions, Service, Services } from '@peerkit/fastify-mtls-client'

declare module '@peerkit/fastify-mtls-client' {
  interface MtlsServices { ledger: true }
}

test('declared services are known by name, on the app and on the request; others are not', () => {
  expect<FastifyInstance['mtlsServices']>().type.toBe<Services>()
  expect<FastifyRequest['mtlsServices']['ledger']>().type.toBe<Service>()
  expect<Services>().type.toHaveProperty('ledger')
  expect<Services>().type.not.toHaveProperty('legder')
})

test('only declared services can be configured', () => {
  expect<FastifyMtlsClientOptions['services']>().type.toBeAssignableFrom<{ ledger: { origin: string } }>()
  expect<keyof FastifyMtlsClientOptions['services']>().type.toBe<'ledger'>()
})
