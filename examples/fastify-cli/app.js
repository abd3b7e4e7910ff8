import path from 'node:path'
import AutoLoad from '@fastify/autoload'
import { fileCredentials } from '@peerkit/credentials'
import { withMtls } from '@peerkit/fastify-mtls'
import fp from 'fastify-plugin'

const credentials = await fileCredentials({ cert: 'ledger.pem', key: 'ledger.key', ca: 'pki/root.pem' })

// Used with `fastify start --options` alone.
export const options = withMtls(credentials)

export default fp(async (fastify, opts) => {
  fastify.register(AutoLoad, { dir: path.join(import.meta.dirname, 'plugins'), options: { ...opts } })
  fastify.register(AutoLoad, { dir: path.join(import.meta.dirname, 'routes'), options: { ...opts } })
})
