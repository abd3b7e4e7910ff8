import type { FastifyInstance } from 'fastify'
import { expect, test } from 'tstyche'
import type {} from '@peerkit/fastify-allowed-clients'
import type {} from '@peerkit/fastify-mtls'
import type { Service } from '@peerkit/fastify-mtls-client'
import type { AppMembers } from '../src/console-state.ts'

test('what the console reads from an app is what the other plugins add to it', () => {
  expect<FastifyInstance['mtls']>().type.toBeAssignableTo<NonNullable<AppMembers['mtls']>>()
  expect<FastifyInstance['mtls']>().type.toHaveProperty('credentials')
  expect<FastifyInstance['mtls']>().type.toHaveProperty('revocation')
  expect<Service>().type.toBeAssignableTo<NonNullable<AppMembers['mtlsServices']>[string]>()
  expect<FastifyInstance>().type.toHaveProperty('mtlsServices')
})
