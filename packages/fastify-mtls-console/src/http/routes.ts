import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { clip } from '@peerkit/identity/internal'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { ConsoleState } from '../console-state.ts'
import { layOut } from '../page/layout.ts'
import type { NavigationEntry, Page } from '../page/layout.ts'
import { accessPage } from '../page/views/access.ts'
import { callsPage } from '../page/views/calls.ts'
import { clientsPage } from '../page/views/clients.ts'
import { expiryPage } from '../page/views/expiry.ts'
import { forecastPage } from '../page/views/forecast.ts'
import { logPage } from '../page/views/log.ts'
import { missingPage } from '../page/views/missing.ts'
import { overviewPage } from '../page/views/overview.ts'
import { timelinePage } from '../page/views/timeline.ts'
import { trustPage } from '../page/views/trust.ts'
import { whatIfPage } from '../page/views/what-if.ts'
import { gatherData } from './data.ts'
import { writeCsv } from './csv.ts'
import { CSV_TABLES } from './csv-tables.ts'
import { readQuery, writeQuery } from '../query.ts'
import type { Query } from '../query.ts'

interface PageRoute extends NavigationEntry {
  readonly show: (state: ConsoleState, query: Query) => Page
}

/** Every page, in the order of the navigation. */
const PAGES: readonly PageRoute[] = [
  { path: '/', name: 'Overview', show: overviewPage },
  { path: '/access', name: 'Access', show: accessPage },
  { path: '/what-if', name: 'What if', show: (state, { q }) => whatIfPage(state, q) },
  { path: '/clients', name: 'Clients', show: clientsPage },
  { path: '/calls', name: 'Calls', show: callsPage },
  { path: '/log', name: 'Log', show: logPage },
  { path: '/trust', name: 'Trust', show: trustPage },
  { path: '/timeline', name: 'Timeline', show: timelinePage },
  { path: '/expiry', name: 'Expiry', show: expiryPage },
  { path: '/forecast', name: 'Forecast', show: forecastPage }
]

/** The files that pages load, with their types. */
const ASSETS: Readonly<Record<string, string>> = {
  'console.js': 'text/javascript; charset=utf-8', 'console.css': 'text/css; charset=utf-8', 'icon.svg': 'image/svg+xml'
}

/** Sends a page with a new nonce. */
export type SendPage = (reply: FastifyReply, path: string, page: Page, query?: string) => string

/**
 * Adds the pages, their files and the data for scripts. All of them are read-only.
 *
 * @param assets the folder of the files
 */
export function addRoutes (app: FastifyInstance, state: ConsoleState, assets: URL): SendPage {
  const sendPage: SendPage = (reply, path, page, query = '') => {
    const nonce = randomBytes(16).toString('base64')
    secureHeaders(reply, nonce)
    reply.type('text/html; charset=utf-8')
    return layOut(state, page, { path, nonce, pages: PAGES, query })
  }
  for (const { path, show } of PAGES) {
    app.get(path, async (request, reply) => {
      const query = readQuery(request.query)
      return sendPage(reply, path, show(state, query), writeQuery(query))
    })
  }
  app.get('/data.json', async (request, reply) => {
    secureHeaders(reply)
    return gatherData(state, readQuery(request.query))
  })
  for (const [name, type] of Object.entries(ASSETS)) {
    const text = readFileSync(new URL(name, assets), 'utf8')
    app.get(`/${name}`, async (_request, reply) => {
      secureHeaders(reply)
      reply.type(type)
      return text
    })
  }
  addTables(app, state)
  addMissing(app, state, sendPage)
  return sendPage
}

/** Adds the tables as CSV files. */
function addTables (app: FastifyInstance, state: ConsoleState): void {
  for (const [name, gather] of Object.entries(CSV_TABLES)) {
    app.get(`/${name}.csv`, async (request, reply) => {
      secureHeaders(reply)
      reply.type('text/csv; charset=utf-8')
      reply.header('content-disposition', `attachment; filename="${name}.csv"`)
      return writeCsv(gather(state, readQuery(request.query)))
    })
  }
}

/** Answers every other address. It is a route, so that the rules of the console apply to it. */
function addMissing (app: FastifyInstance, state: ConsoleState, sendPage: SendPage): void {
  app.get('/*', async (request, reply) => {
    reply.code(404)
    const [path = ''] = request.url.split('?')
    if (wantsHtml(request)) return sendPage(reply, '', missingPage(state.prefix, path, PAGES))
    secureHeaders(reply)
    return { statusCode: 404, error: 'Not Found', message: `The console has no page ${clip(path)}` }
  })
}

/** A browser accepts HTML, a script does not say so. */
export function wantsHtml ({ headers }: Pick<FastifyRequest, 'headers'>): boolean {
  return String(headers.accept ?? '').includes('text/html')
}

const HEADERS: Readonly<Record<string, string>> = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  // With no-referrer the Origin of a form would be null, so forms of the console could not be recognized.
  'referrer-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()'
}

/**
 * Sets the security headers of an answer. Only scripts and styles with the nonce of the page run, whatever else this
 * origin serves. With Trusted Types the script can parse markup only with the policy `peerkit-console`, into inert
 * documents.
 *
 * @param nonce undefined for an answer that is not a page
 */
export function secureHeaders (reply: FastifyReply, nonce?: string): void {
  const allowed = nonce === undefined
    ? "form-action 'none'"
    : `script-src 'nonce-${nonce}'; style-src 'nonce-${nonce}'; img-src 'self'; connect-src 'self'; ` +
      "form-action 'self'; require-trusted-types-for 'script'; trusted-types peerkit-console"
  const policy = `default-src 'none'; base-uri 'none'; frame-ancestors 'none'; ${allowed}`
  reply.headers({ ...HEADERS, 'content-security-policy': policy })
}
