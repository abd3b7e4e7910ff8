import { describeDay, lastDayBefore } from '@peerkit/trust/forecast'
import { describeMoment } from '../time-left.ts'
import { advise } from './advise.ts'
import type { Forecasts } from './forecast-question.ts'
import type { ForecastRow } from './forecast-row.ts'

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
