import 'reflect-metadata'
import { Logger, Module, VersioningType } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify'
import { fileCredentials } from '@peerkit/credentials'
import fastifyAllowedClients from '@peerkit/fastify-allowed-clients'
import { nestLogger } from '@peerkit/fastify-allowed-clients/nestjs'
import fastifyMtls, { withMtls } from '@peerkit/fastify-mtls'
import { InvoicesController, NotesController } from './invoices.controller.js'

@Module({ controllers: [InvoicesController, NotesController] })
class AppModule {}

export async function start (): Promise<NestFastifyApplication> {
  const credentials = await fileCredentials({ cert: 'ledger.pem', key: 'ledger.key', ca: 'root.pem' })
  // Denied clients and refused handshakes are lines of Nest's logger.
  const loggerInstance = nestLogger(new Logger('mTLS'), { level: 'warn' })
  const adapter = new FastifyAdapter(withMtls(credentials, { loggerInstance }))
  const app = await NestFactory.create<NestFastifyApplication>(AppModule, adapter)
  app.setGlobalPrefix('api')
  app.enableVersioning({ type: VersioningType.URI })

  // Before listen() and init(), which add the routes.
  await app.register(fastifyMtls, { closeCredentials: true })
  await app.register(fastifyAllowedClients, { groups: { billing: { ou: 'billing' }, auditors: { ou: 'audit' } } })

  await app.listen(Number(process.env['PORT'] ?? 8443), 'localhost')
  return app
}

if (require.main === module) start().catch(console.error)
