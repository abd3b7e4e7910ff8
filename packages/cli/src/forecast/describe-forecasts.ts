import { describeDay, lastDayBefore } from '@peerkit/trust/forecast'
import type { ClientAuthForecast } from '@peerkit/trust/forecast'
import { describeMoment, describeSpan } from '../time-left.ts'
import { shown } from '../shown.ts'
import { advise } from './advise.ts'
import type { Forecasts } from './forecast-question.ts'
import type { ForecastRow } from './forecast-row.ts'
import type { AuditFile } from './read-audit.ts'

type State = ClientAuthForecast['state']

const MARKS: Readonly<Record<State, string>> = { not_affected: '', lacks: 'LACKS', loses: 'LOSES', ended: 'ENDED' }
const EVIDENCE: Readonly<Record<ClientAuthForecast['evidence'], string>> = {
  signature: 'by its signatures', issuer_name: 'by its issuer name alone', none: 'no issuer is known as public'
}
const WHEN = { renewal: 'about', end: 'at the latest', stop: 'from' } as const

const MISSING = '. It has no line of an allowed request: clients that were always let in are missing ' +
  '(auditLog writes them with allowed: true)'

/** A table by date, each affected certificate with what is known of it and what to do. */
export function describeForecasts ({ at, within, rows, unreadable, audit, leftOut }: Forecasts): string {
  const cells = rows.map(({ needsAction, use, forecast }) =>
    [needsAction ? MARKS[forecast.state] : '', describeDate(forecast), use])
  const widths = [0, 1, 2].map((column) => Math.max(0, ...cells.map((row) => row[column]?.length ?? 0)))
  const table = rows.map((row, index) => {
    const start = cells[index]?.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ') ?? ''
    return `${start}  ${shown(row.name)}  (${shown(row.where)})${describeRow(row, at)}`
  })
  const remarks = new Set(rows.flatMap((row) => advise(row, at)?.remarks ?? []))
  const count = rows.filter((row) => row.needsAction).length
  const period = `within ${describeSpan(within)} from ${describeMoment(Math.floor(at / 1_000) * 1_000)}`
  return [
    ...table,
    ...unreadable.map(({ where, error }) => `UNREADABLE  ${shown(where)}: ${shown(error)}\n`),
    ...audit.map(describeAudit),
    ...(leftOut === 0 ? [] : [`There are more clients than are kept: ${leftOut} lines of others were left out.\n`]),
    ...[...remarks].map((remark) => `${remark}\n`),
    count === 0 ? `Nothing to do ${period}.\n` : `To do: ${count} of ${rows.length}, ${period}.\n`
  ].join('')
}

function describeDate ({ state, notAfter, loses }: ClientAuthForecast): string {
  if (state === 'not_affected') return ''
  if (state === 'lacks') return 'already'
  if (loses === undefined) return `ended ${describeDay(notAfter ?? 0)}`
  return `${WHEN[loses.basis]} ${describeDay(loses.at)}`
}

function describeRow (row: ForecastRow, now: number): string {
  const { forecast, client } = row
  const { operator = '', evidence } = forecast
  if (forecast.state === 'not_affected') return `: not affected, from a private CA (${EVIDENCE[evidence]})\n`
  const lines = [
    `from ${operator}, a public CA (${EVIDENCE[evidence]})`,
    describeClientAuth(row),
    describeStop(row),
    client === undefined ? undefined : describeSeen(client),
    `to do: ${advise(row, now)?.text ?? ''}`
  ]
  return `\n${lines.flatMap((line) => line === undefined ? [] : [`    ${shown(line)}\n`]).join('')}`
}

function describeClientAuth ({ forecast: { clientAuth, lackedBy, notAfter }, name, use }: ForecastRow): string {
  const end = notAfter === undefined ? '' : `; it ends on ${describeDay(notAfter)}`
  if (clientAuth === undefined) return `whether it has clientAuth, an audit log does not say${end}`
  if (clientAuth) return `it ${use === 'authority' ? 'allows' : 'has'} clientAuth${end}`
  if (lackedBy === undefined) return `a handshake was refused since it is not for clients${end}`
  return `it lacks clientAuth${lackedBy === name ? '' : `: ${lackedBy} does not allow it`}${end}`
}

function describeStop ({ forecast: { operator, stop, renewal, nextRenewal }, use }: ForecastRow): string | undefined {
  if (stop === undefined) return undefined
  const last = `the last day of ${operator} for clientAuth: ${lastDayBefore(stop)} (${stop.source})`
  if (use === 'authority') return last
  const next = nextRenewal === 'server_auth_only' ? 'serverAuth only' : 'clientAuth is still possible'
  return `next renewal${renewal === undefined ? '' : ` about ${describeDay(renewal)}`}: ${next}; ${last}`
}

function describeSeen ({ firstSeen, lastSeen, count }: NonNullable<ForecastRow['client']>): string {
  const lines = `seen in ${count} line${count === 1 ? '' : 's'}`
  if (firstSeen === undefined || lastSeen === undefined) return lines
  return `${lines}, first ${describeMoment(firstSeen)}, last ${describeMoment(lastSeen)}`
}

function describeAudit ({ file, lines, broken, clientLines, strangers, hasAllowed }: AuditFile): string {
  const parts = [`${lines} lines, ${clientLines} of clients`]
  if (broken > 0) parts.push(`${broken} broken and passed over`)
  if (strangers > 0) parts.push(`${strangers} of refused strangers passed over`)
  return `${shown(file)}: ${parts.join(', ')}${hasAllowed ? '' : MISSING}\n`
}
