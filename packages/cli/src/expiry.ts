import { readdir, realpath, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { decodePem, endOfValidity } from '@peerkit/identity'
import { readDuration, textOf, UsageError } from './command.ts'
import type { Command } from './command.ts'
import { CERTIFICATE_BLOCK, decodeCertificates, holdsKey, numbered } from './files/certificate-file.ts'
import { MAX_CRL, readBytes } from './files/read-bytes.ts'
import { openTls } from './handshake/open-tls.ts'
import type { OpenTlsOptions } from './handshake/open-tls.ts'
import { readPresented } from './inspect/certificate.ts'
import { readCrlPeriod } from './inspect/crl.ts'
import { describeMoment, describePeriod, shown, shownJson } from './output.ts'
import { readView } from './server/server-view.ts'
import { readTarget, readTlsArguments, TLS_OPTIONS } from './server/tls-arguments.ts'

type State = 'ended' | 'ending' | 'not_yet_valid' | 'good' | 'unreadable'

export const expiry: Command = {
  name: 'expiry',
  summary: 'list expiry dates of certificates, CRLs and servers, for cron',
  operands: {
    name: 'TARGET …',
    help: 'files (certificates or CRLs), folders (with all subfolders), host:port',
    least: 1,
    most: 10_000
  },
  options: {
    within: { type: 'string', help: 'report what expires within this time (default 30d)' },
    ...TLS_OPTIONS,
    json: { type: 'boolean', help: 'the list as JSON' }
  },
  notes: [
    'Exit code: 0 nothing expires within the time; 1 something expires, has expired or is not valid yet;',
    '2 a wrong command line, or something could not be read (the rest is listed).', '',
    '  peerkit expiry /etc/pki api.internal:8443 --within 7d'
  ],
  run: async (values, print, targets) => {
    const within = readDuration(textOf(values, 'within') ?? '30d', 'within')
    const { options } = await readTlsArguments(values)
    const now = Date.now()
    const found = await findExpiries(targets, options)
    const rows = found.map((each) => ({ ...each, state: stateOf(each, now, within) }))
    rows.sort((a, b) => (a.notAfter ?? -Infinity) - (b.notAfter ?? -Infinity))
    print(values['json'] === true ? shownJson(rows.map(describeAsData)) : describeAsTable(rows, now))
    return rows.some(({ state }) => state === 'unreadable') ? 2 : rows.some(({ state }) => state !== 'good') ? 1 : 0
  }
}

function stateOf ({ notBefore, end }: Expiry, now: number, within: number): State {
  if (end === undefined) return 'unreadable'
  if (now >= end) return 'ended'
  if (now + within >= end) return 'ending'
  return notBefore !== undefined && notBefore > now ? 'not_yet_valid' : 'good'
}

interface Row extends Expiry { readonly state: State }

const MARKS: Readonly<Record<State, string>> = {
  ended: 'EXPIRED',
  ending: 'EXPIRES',
  not_yet_valid: 'NOT YET',
  good: '',
  unreadable: 'UNREADABLE'
}

function describeAsTable (rows: readonly Row[], now: number): string {
  if (rows.length === 0) return 'No certificate and no CRL found.\n'
  const cells = rows.map(({ state, notBefore, notAfter, end, kind, name, where, error }) => {
    if (notAfter === undefined || end === undefined) {
      return [MARKS[state], '', '', kind, shown(error ?? ''), shown(where)]
    }
    const period = describePeriod(notBefore, end, now)
    return [MARKS[state], describeMoment(notAfter), period, kind, shown(name), shown(where)]
  })
  const widths = [0, 1, 2, 3].map((column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)))
  return cells.map((row) => `${row.slice(0, 4).map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}  ` +
    `${row[4]}  (${row[5]})\n`).join('')
}

function describeAsData ({ state, notBefore, notAfter, kind, name, where, error }: Row): object {
  const at = (time: number | undefined): string | undefined => time === undefined ? undefined : describeMoment(time)
  return { state, kind, name, where, notBefore: at(notBefore), notAfter: at(notAfter), error }
}

/** A certificate or CRL with its expiry. */
interface Expiry {
  readonly kind: 'certificate' | 'CA' | 'CRL' | 'server' | 'file'
  readonly name: string
  /** The file or server, and the position there. */
  readonly where: string
  /** Milliseconds since the epoch. */
  readonly notBefore: number | undefined
  /** Undefined if it could not be read. */
  readonly notAfter: number | undefined
  /** The first moment at which it is no longer valid. */
  readonly end: number | undefined
  readonly error: string | undefined
}

const ENDINGS = /\.(pem|crt|cer|cert|der|crl)$/i
const CRL_BLOCK = '-----BEGIN X509 CRL-----'

/**
 * Finds the expiry dates of files, folders and servers. An unreadable one is listed with its error.
 *
 * @throws UsageError for a target that is not a file, a folder or a server
 */
async function findExpiries (targets: readonly string[], options: OpenTlsOptions): Promise<Expiry[]> {
  const found: Expiry[] = []
  for (const target of targets) found.push(...await findOne(target, options))
  return found
}

async function findOne (target: string, options: OpenTlsOptions): Promise<Expiry[]> {
  const stats = await stat(target).catch(() => undefined)
  if (stats?.isDirectory() === true) return await readFolder(target, new Set())
  if (stats !== undefined) return await readFile(target, false)
  const server = readTarget(target)
  if (server === undefined) {
    const found = `${JSON.stringify(target)}, which does not exist`
    throw new UsageError(`found ${found}; expected a file, a folder or host:port`)
  }
  const connection = await openTls(server, options)
  const view = readView(connection)
  await connection.close()
  if (view.certificates.length === 0) {
    return [unreadable('server', server.authority, view.failure ?? 'it sent no certificate')]
  }
  const { certificates } = view
  return certificates.map((der, index) => {
    return describe(der, 'server', numbered(server.authority, index, certificates.length))
  })
}

/**
 * Names that begin with a dot are skipped: Kubernetes keeps the targets of its links in such folders, so each file
 * would be found twice.
 *
 * @param seen real paths of folders, because links may form a circle
 */
async function readFolder (folder: string, seen: Set<string>): Promise<Expiry[]> {
  const found: Expiry[] = []
  let names: string[]
  try {
    const real = await realpath(folder)
    if (seen.has(real)) return []
    seen.add(real)
    names = (await readdir(folder)).filter((name) => !name.startsWith('.')).sort()
  } catch (error) {
    return [unreadable('file', folder, (error as NodeJS.ErrnoException).code ?? 'unreadable')]
  }
  for (const name of names) {
    const path = join(folder, name)
    const stats = await stat(path).catch(() => undefined)
    if (stats === undefined) {
      if (ENDINGS.test(name)) found.push(unreadable('file', path, 'a broken link, or not readable'))
    } else if (stats.isDirectory()) found.push(...await readFolder(path, seen))
    else if (stats.isFile() && ENDINGS.test(name)) found.push(...await readFile(path, true))
  }
  return found
}

/** @param inFolder in a folder, a file with a key is skipped and not an error */
async function readFile (path: string, inFolder: boolean): Promise<Expiry[]> {
  try {
    const bytes = await readBytes(path, '', 'a certificate or a CRL', MAX_CRL)
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')
    // "ca init" writes an empty chain.pem for a root, which has no intermediates.
    if (inFolder && bytes.length === 0) return []
    if (inFolder && holdsKey(text) && !text.includes(CERTIFICATE_BLOCK)) return []
    const crls = text.includes(CRL_BLOCK)
      ? decodePem(text, 'X509 CRL').map((der, index, all) => describeCrl(der, numbered(path, index, all.length)))
      : []
    if (crls.length > 0 && !text.includes(CERTIFICATE_BLOCK)) return crls
    const ders = decodeCertificates(bytes, path)
    return [...ders.map((der, index) => describe(der, 'certificate', numbered(path, index, ders.length))), ...crls]
  } catch (error) {
    return [unreadable('file', path, (error as Error).message.replace(`Invalid option: ${path}: `, ''))]
  }
}

function describe (der: Uint8Array, kind: 'certificate' | 'server', where: string): Expiry {
  const { peer, error } = readPresented(der)
  if (peer !== undefined) {
    const { notBefore, notAfter, isCa } = peer
    const named = { kind: isCa === true ? 'CA' : kind, name: String(peer), where } as const
    return { ...named, notBefore, notAfter, end: endOfValidity(peer), error: undefined }
  }
  // A DER file may be a CRL.
  return kind === 'certificate' && readCrlPeriod(der) !== undefined
    ? describeCrl(der, where)
    : unreadable(kind, where, error ?? 'unreadable')
}

function describeCrl (der: Uint8Array, where: string): Expiry {
  const period = readCrlPeriod(der)
  if (period === undefined) return unreadable('CRL', where, 'not a CRL, or damaged')
  if (period.nextUpdate === undefined) return unreadable('CRL', where, 'it has no nextUpdate')
  const { issuer, thisUpdate, nextUpdate } = period
  const times = { notBefore: thisUpdate, notAfter: nextUpdate, end: nextUpdate }
  return { kind: 'CRL', name: issuer, where, ...times, error: undefined }
}

function unreadable (kind: Expiry['kind'], where: string, error: string): Expiry {
  return { kind, name: '', where, notBefore: undefined, notAfter: undefined, end: undefined, error }
}
