import { adviseClientAuth } from '@peerkit/trust/forecast'
import type { ForecastRow } from './forecast-row.ts'

/** What to do about a row. */
export interface RowAdvice {
  readonly text: string
  /** Remarks that apply to many rows. */
  readonly remarks: readonly string[]
}

const NAME_ALONE = 'If an issuer is known only by its name, give its chain in --cert or its CA in --ca to be sure.'

/** What to do, with options that would show more. Undefined if nothing is affected. */
export function advise ({ source, use, forecast }: ForecastRow, now: number): RowAdvice | undefined {
  const advice = adviseClientAuth({ forecast, use, isOwn: source !== 'audit' }, now)
  if (advice === undefined) return undefined
  const { text, remark } = advice
  const isByName = forecast.evidence === 'issuer_name'
  if (remark !== undefined) return { text, remarks: isByName ? [remark, NAME_ALONE] : [remark] }
  const isOpen = use === 'unknown' && forecast.state === 'lacks'
  return { text: isOpen ? text.replace(/\.$/, ' (see --use client).') : text, remarks: [] }
}
