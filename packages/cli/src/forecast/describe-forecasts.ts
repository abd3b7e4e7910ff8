import { adviseClientAuth, describeDay, lastDayBefore } from '@peerkit/trust/forecast'
import type { ClientAuthForecast } from '@peerkit/trust/forecast'
import { describeMoment, describeSpan, shown } from '../output.ts'
import type { AuditFile } from './audit.ts'
import type { ForecastRow, Forecasts } from './rows.ts'

type State = ClientAuthForecast['state']

const MARKS: Readonly<Record<State, string>> = { not_affected: '', lacks: 'LACKS', loses: 'LOSES', ended: 'EXPIRED' }
const EVIDENCE: Readonly<Record<ClientAuthForecast['evidence'], string>> = {
  signature: 'by its signatures', issuer_name: 'by its issuer name only', none: 'its issuer is not known as public'
}
const WHEN = { renewal: 'about', end: 'at the latest', stop: 'from' } as const

const MISSING = '. It has no line of an allowed request, so clients that were always allowed are missing ' +
  '(auditLog writes these lines with allowed: true)'

/** A table by date, with details and advice for each affected certificate. */
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
    ...(leftOut === 0 ? [] : [`There are too many clients: ${leftOut} lines were ignored.\n`]),
    ...[...remarks].map((remark) => `${remark}\n`),
    count === 0 ? `Nothing to do ${period}.\n` : `To do: ${count} of ${rows.length}, ${period}.\n`
  ].join('')
}

function describeDate ({ state, notAfter, loses }: ClientAuthForecast): string {
  if (state === 'not_affected') return ''
  if (state === 'lacks') return 'already'
  if (loses === undefined) return `expired ${describeDay(notAfter ?? 0)}`
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
  const end = notAfter === undefined ? '' : `; it expires on ${describeDay(notAfter)}`
  if (clientAuth === undefined) return `an audit log does not say whether it has clientAuth${end}`
  if (clientAuth) return `it ${use === 'authority' ? 'allows' : 'has'} clientAuth${end}`
  if (lackedBy === undefined) return `a handshake was refused because it is not for clients${end}`
  return `it has no clientAuth${lackedBy === name ? '' : `: ${lackedBy} does not allow it`}${end}`
}

function describeStop ({ forecast: { operator, stop, renewal, nextRenewal }, use }: ForecastRow): string | undefined {
  if (stop === undefined) return undefined
  const last = `last day for clientAuth of ${operator}: ${lastDayBefore(stop)} (${stop.source})`
  if (use === 'authority') return last
  const next = nextRenewal === 'server_auth_only' ? 'only serverAuth' : 'clientAuth is still possible'
  return `next renewal${renewal === undefined ? '' : ` about ${describeDay(renewal)}`}: ${next}; ${last}`
}

function describeSeen ({ firstSeen, lastSeen, count }: NonNullable<ForecastRow['client']>): string {
  const lines = `seen in ${count} line${count === 1 ? '' : 's'}`
  if (firstSeen === undefined || lastSeen === undefined) return lines
  return `${lines}, first ${describeMoment(firstSeen)}, last ${describeMoment(lastSeen)}`
}

function describeAudit ({ file, lines, broken, clientLines, strangers, hasAllowed }: AuditFile): string {
  const parts = [`${lines} lines, ${clientLines} of clients`]
  if (broken > 0) parts.push(`${broken} unreadable`)
  if (strangers > 0) parts.push(`${strangers} of unverified clients ignored`)
  return `${shown(file)}: ${parts.join(', ')}${hasAllowed ? '' : MISSING}\n`
}

/** For `--json`. */
export function forecastsAsData ({ at, within, rows, unreadable, audit, leftOut }: Forecasts): object {
  return {
    at: describeMoment(at),
    withinDays: within / 86_400_000,
    needsAction: rows.some((row) => row.needsAction),
    forecasts: rows.map((row) => rowAsData(row, at)),
    unreadable,
    audit: { files: audit, leftOut }
  }
}

function rowAsData (row: ForecastRow, now: number): object {
  const advice = advise(row, now)
  const { source, where, use, name, issuer, serialNumber, fingerprint256, client, needsAction, forecast } = row
  const { state, origin, evidence, operator, clientAuth, lackedBy } = forecast
  const { notAfter, renewal, stop, nextRenewal, loses } = forecast
  return {
    state,
    needsAction,
    source,
    where,
    use,
    name,
    issuer,
    serialNumber,
    fingerprint256,
    origin,
    evidence,
    operator,
    clientAuth,
    lackedBy,
    notAfter: momentOf(notAfter),
    losesClientAuth: loses && describeDay(loses.at),
    losesBasis: loses?.basis,
    renewal: renewal === undefined ? undefined : describeDay(renewal),
    nextRenewal,
    stop: stop && { ...stop, lastDay: lastDayBefore(stop) },
    seen: client && {
      count: client.count, first: momentOf(client.firstSeen), last: momentOf(client.lastSeen), refused: client.refused
    },
    advice: advice && [advice.text, ...advice.remarks].join(' ')
  }
}

function momentOf (time: number | undefined): string | undefined {
  return time === undefined ? undefined : describeMoment(time)
}

/** What to do about a row. */
interface RowAdvice {
  readonly text: string
  /** Remarks that apply to many rows. */
  readonly remarks: readonly string[]
}

const NAME_ALONE = 'If an issuer is known only by its name, give its chain in --cert or its CA in --ca to be sure.'

/** What to do, with options that would show more. Undefined if nothing is affected. */
function advise ({ source, use, forecast }: ForecastRow, now: number): RowAdvice | undefined {
  const advice = adviseClientAuth({ forecast, use, isOwn: source !== 'audit' }, now)
  if (advice === undefined) return undefined
  const { text, remark } = advice
  const isByName = forecast.evidence === 'issuer_name'
  if (remark !== undefined) return { text, remarks: isByName ? [remark, NAME_ALONE] : [remark] }
  const isOpen = use === 'unknown' && forecast.state === 'lacks'
  return { text: isOpen ? text.replace(/\.$/, ' (see --use client).') : text, remarks: [] }
}
