import type { Command } from './command.ts'
import { textOf } from './command.ts'
import { findExpiries } from './find-expiries.ts'
import type { Expiry } from './find-expiries.ts'
import { shown, shownJson } from './shown.ts'
import { describeMoment, describePeriod, readDuration } from './time-left.ts'
import { readTlsArguments, TLS_OPTIONS } from './tls-arguments.ts'

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
