import { randomBytes } from 'node:crypto'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { readAssets } from './assets.ts'
import type { ConsoleState } from './queries/console-state.ts'
import { gatherData } from './queries/gather-data.ts'
import { readQuery } from './queries/query.ts'
import type { Query } from './queries/query.ts'
import { layOut } from './page/layout.ts'
import type { Page } from './page/layout.ts'
import { accessPage } from './page/views/access.ts'
import { clientsPage } from './page/views/clients.ts'
import { forecastPage } from './page/views/forecast.ts'
import { logPage } from './page/views/log.ts'
import { outboundPage } from './page/views/outbound.ts'
import { overviewPage } from './page/views/overview.ts'
import { trustPage } from './page/views/trust.ts'
import { whatIfPage } from './page/views/what-if.ts'
import { secureHeaders } from './secure-headers.ts'

/** Sends a page with a new nonce. */
export type SendPage = (reply: FastifyReply, page: Page) => string

/** Adds the pages, their files and the data for scripts. All of them are read-only. */
export function addRoutes (app: FastifyInstance, state: ConsoleState): SendPage {
  const prefix = app.prefix
  const sendPage: SendPage = (reply, page) => {
    const nonce = randomBytes(16).toString('base64')
    secureHeaders(reply, nonce)
    reply.type('text/html; charset=utf-8')
    const { name, instance, since, now } = state
    return layOut({ prefix, name, instance, since, now: now(), nonce }, page)
  }
  const addPage = (path: string, make: (query: Query) => Page): void => {
    app.get(path, async (request, reply) => sendPage(reply, make(readQuery(request.query))))
  }
  addPage('/', () => overviewPage(state, prefix, state.now()))
  addPage('/access', (query) => accessPage(state, query, prefix))
  addPage('/what-if', ({ q }) => whatIfPage(prefix, undefined, q))
  addPage('/clients', (query) => clientsPage(state, query, prefix, state.now()))
  addPage('/log', (query) => logPage(state, query, prefix))
  addPage('/trust', () => trustPage(state, prefix, state.now()))
  addPage('/forecast', () => forecastPage(state, prefix, state.now()))
  addPage('/outbound', () => outboundPage(state, state.now()))
  app.get('/data.json', async (request: FastifyRequest, reply) => {
    secureHeaders(reply)
    return gatherData(state, readQuery(request.query))
  })
  addAssets(app)
  return sendPage
}

function addAssets (app: FastifyInstance): void {
  const { script, style, icon } = readAssets()
  const files = [
    ['/console.js', 'text/javascript; charset=utf-8', script],
    ['/console.css', 'text/css; charset=utf-8', style],
    ['/icon.svg', 'image/svg+xml', icon]
  ] as const
  for (const [path, type, text] of files) {
    app.get(path, async (_request, reply) => {
      secureHeaders(reply)
      reply.type(type)
      return text
    })
  }
}
