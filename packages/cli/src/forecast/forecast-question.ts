import type { CertificateUse, PublicRoots } from '@peerkit/trust/forecast'
import { UsageError } from '../usage-error.ts'
import { dateOf, textOf, textsOf } from '../command.ts'
import type { Values } from '../command.ts'
import { openTls } from '../handshake/open-tls.ts'
import { readPresented } from '../describe-certificate.ts'
import { readView } from '../inspect-server.ts'
import { requireTarget } from '../target.ts'
import type { Target } from '../target.ts'
import { readDuration } from '../time-left.ts'
import { AuditedClients } from './audited-clients.ts'
import { forecastAuthorities, forecastClient, forecastLeaves, readCertificates } from './find-rows.ts'
import type { ForecastContext } from './find-rows.ts'
import { sortRows } from './forecast-row.ts'
import type { ForecastRow, UnreadableServer } from './forecast-row.ts'
import { readAudit } from './read-audit.ts'
import type { AuditFile } from './read-audit.ts'

/** The result of `peerkit forecast`. */
export interface Forecasts {
  /** Milliseconds since the epoch. */
  readonly at: number
  readonly within: number
  readonly rows: readonly ForecastRow[]
  readonly unreadable: readonly UnreadableServer[]
  readonly audit: readonly AuditFile[]
  /** Lines of clients beyond the bound. */
  readonly leftOut: number
}

const MAX_TIMEOUT = 600_000

/** @throws UsageError with the option or file */
export async function findForecasts (values: Values, roots: () => PublicRoots): Promise<Forecasts> {
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

function readTimeout (values: Values): number {
  const text = textOf(values, 'timeout') ?? '10s'
  const timeout = readDuration(text, 'timeout')
  if (timeout <= MAX_TIMEOUT) return timeout
  throw new UsageError(`--timeout is ${JSON.stringify(text)}; expected at most 10m`)
}
