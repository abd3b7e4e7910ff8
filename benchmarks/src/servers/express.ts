import clientCertificateAuth from 'client-certificate-auth'
import express from 'express'
import { createServer } from 'node:https'
import { listen, tlsOptions } from './plain-tls.ts'
import { ANSWER } from './serving.ts'
import type { MakeServer } from './serving.ts'

export const serveExpress: MakeServer = async (_protocol, material) => {
  const app = express()
  app.use(clientCertificateAuth(({ subject }) => String(subject.CN).startsWith('client-')))
  app.get('/', (_request, response) => { response.json(ANSWER) })
  return await listen(createServer(tlsOptions(material), app))
}
