import { bundledRoots } from '@peerkit/trust/forecast'
import type { CertificateUse, PublicRoots } from '@peerkit/trust/forecast'
import { dateOf, readDuration, textOf, textsOf, UsageError } from '../command.ts'
import type { Command, Values } from '../command.ts'
import { openTls } from '../handshake/open-tls.ts'
import type { Target } from '../handshake/open-tls.ts'
import { readPresented } from '../inspect/certificate.ts'
import { shownJson } from '../output.ts'
import { readView } from '../server/server-view.ts'
import { readTimeout, requireTarget } from '../server/tls-arguments.ts'
import { AuditedClients, readAudit } from './audit.ts'
import type { AuditFile } from './audit.ts'
import { describeForecasts, forecastsAsData } from './describe-forecasts.ts'
import { forecastAuthorities, forecastClient, forecastLeaves, readCertificates, sortRows } from './rows.ts'
import type { ForecastContext, ForecastRow, Forecasts, UnreadableServer } from './rows.ts'

export const forecast: Command = forecastBy(bundledRoots)

/** @param roots the public roots */
export function forecastBy (roots: () => PublicRoots): Command {
  return {
    name: 'forecast',
    summary: 'list certificates of public CAs that lose clientAuth, and what to do',
    options: {
      cert: {
        type: 'string', multiple: true, help: 'certificate of a client or server, followed by its chain (any number)'
      },
      ca: { type: 'string', multiple: true, help: 'CAs that vouch for clients, PEM or DER (any number)' },
      audit: { type: 'string', multiple: true, help: 'audit log of @peerkit/mtls-monitor, JSON lines (any number)' },
      url: { type: 'string', multiple: true, help: 'server to check: https://host[:port] or host:port (any number)' },
      use: {
        type: 'string',
        help: 'use of --cert and --url: client or server (default: unknown, and server for --url)',
        values: ['client', 'server']
      },
      within: { type: 'string', help: 'report what loses clientAuth within this time (default 90d)' },
      at: { type: 'string', help: 'start of the forecast, such as 2026-01-31T12:00:00Z (default now)' },
      timeout: { type: 'string', help: 'timeout of each connection of --url (default 10s)' },
      json: { type: 'boolean', help: 'the forecast as JSON' }
    },
    notes: [
      'Public CAs stop issuing certificates with clientAuth. Old ones work until they expire or are renewed.',
      'A CA is public if its signatures lead to a root that Node includes, or by the name of the issuer.',
      'A renewal is expected when a third of the lifetime is left.', '',
      'Exit code: 0 nothing to do; 1 something loses clientAuth within the time, or a client has none already;',
      '2 a wrong command line or file, or a server could not be read (the rest is listed).', '',
      '  peerkit forecast --cert client.pem --use client --ca clients-ca.pem --audit audit.jsonl'
    ],
    run: async (values, print) => {
      const forecasts = await findForecasts(values, roots)
      print(values['json'] === true ? shownJson(forecastsAsData(forecasts)) : describeForecasts(forecasts))
      if (forecasts.unreadable.length > 0) return 2
      return forecasts.rows.some(({ needsAction }) => needsAction) ? 1 : 0
    }
  }
}

/** @throws UsageError with the option or file */
async function findForecasts (values: Values, roots: () => PublicRoots): Promise<Forecasts> {
  const certs = textsOf(values, 'cert')
  const cas = textsOf(values, 'ca')
  const audits = textsOf(values, 'audit')
  const targets = textsOf(values, 'url').map(requireTarget)
  const timeout = readTimeout(values)
  const use = readUse(values)
  const within = readDuration(textOf(values, 'within') ?? '90d', 'within')
  const at = dateOf(values, 'at')?.getTime() ?? Date.now()
  if (certs.length + cas.length + audits.length + targets.length === 0) {
    throw new UsageError('found nothing to forecast; expected --cert, --ca, --audit or --url')
  }
  const authorityFiles = await Promise.all(cas.map(async (path) => [path, await readCertificates('ca', path)] as const))
  const context = { roots: roots(), authorities: authorityFiles.flatMap(([, found]) => found), now: at, within }
  const rows = authorityFiles.flatMap(([path, found]) => forecastAuthorities(path, found, context))
  for (const path of certs) rows.push(...await forecastFile(path, use ?? 'unknown', context))
  const clients = new AuditedClients()
  const audit: AuditFile[] = []
  for (const path of audits) audit.push(await readAudit(path, clients))
  for (const client of clients.list()) rows.push(forecastClient(client, context))
  const unreadable: UnreadableServer[] = []
  for (const target of targets) {
    const found = await forecastServer(target, use ?? 'server', timeout, context)
    if ('error' in found) unreadable.push(found)
    else rows.push(...found.rows)
  }
  return { at, within, rows: sortRows(rows), unreadable, audit, leftOut: clients.leftOut }
}

async function forecastFile (path: string, use: CertificateUse, context: ForecastContext): Promise<ForecastRow[]> {
  const certificates = await readCertificates('cert', path)
  const leaves = certificates.filter(({ isCa }) => isCa !== true)
  const issuers = certificates.filter(({ isCa }) => isCa === true)
  if (leaves.length > 0) return forecastLeaves({ source: 'cert', where: path, use, leaves, issuers }, context)
  const expected = 'one of a client or server (--ca accepts CAs)'
  throw new UsageError(`--cert ${path}: found only CA certificates; expected ${expected}`)
}

/** Reads the certificate of a server, trusted or not. No request is sent. */
async function forecastServer (
  target: Target, use: CertificateUse, timeout: number, context: ForecastContext
): Promise<{ readonly rows: readonly ForecastRow[] } | UnreadableServer> {
  const where = target.authority
  const connection = await openTls(target, { timeout })
  const { certificates: [leaf, ...others], failure } = readView(connection)
  await connection.close()
  if (leaf === undefined) return { where, error: failure ?? 'it sent no certificate' }
  const { peer, error = '' } = readPresented(leaf)
  if (peer === undefined) return { where, error }
  // Unreadable certificates cannot be issuers.
  const issuers = others.flatMap((der) => readPresented(der).peer ?? [])
  return { rows: forecastLeaves({ source: 'url', where, use, leaves: [peer], issuers }, context) }
}

function readUse (values: Values): 'client' | 'server' | undefined {
  const use = textOf(values, 'use')
  if (use === undefined || use === 'client' || use === 'server') return use
  throw new UsageError(`--use is ${JSON.stringify(use)}; expected client or server`)
}
