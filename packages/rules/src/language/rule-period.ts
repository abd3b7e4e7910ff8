import { refuseRule } from './rule-path.ts'
import type { RulePath } from './rule-path.ts'

/** When a rule holds, in milliseconds since the epoch: from the first moment, and before the second. */
export interface Period {
  /** `-Infinity` if the rule has no `validFrom`. */
  readonly from: number
  /** `Infinity` if the rule has no `validUntil`. */
  readonly until: number
}

/** A rule that holds for a time. */
export interface TemporaryRule extends Period {
  /** The path of the rule, for example `groups.contractors[0]`. */
  readonly path: string
}

const EXPECTED = 'a day such as 2027-03-15 (its start in UTC), or a moment with its offset such as ' +
  '2027-03-15T18:00:00Z, as a string'
const MOMENT = new RegExp('^(\\d{4}-\\d{2}-\\d{2})' +
  '(?:T(?:[01]\\d|2[0-3]):[0-5]\\d(?::[0-5]\\d(?:\\.\\d{1,3})?)?(?:Z|[+-](?:[01]\\d|2[0-3]):[0-5]\\d))?$')

/** A moment, in milliseconds since the epoch. A time without an offset is refused: it depends on the machine. */
export function readMoment (value: unknown, path: RulePath): number {
  if (typeof value !== 'string') refuseRule(path, 'wrong_type', value, EXPECTED)
  const day = MOMENT.exec(value)?.[1]
  if (day === undefined) refuseRule(path, 'invalid_value', value, EXPECTED)
  // Date.parse takes 2027-02-30 for a day of March.
  const start = Date.parse(`${day}T00:00:00Z`)
  if (Number.isNaN(start) || new Date(start).toISOString().slice(0, 10) !== day) {
    refuseRule(path, 'invalid_value', value, EXPECTED, 'it is not a day of the calendar')
  }
  return Date.parse(value)
}

/** @throws RuleInvalidError for a period that is empty */
export function refuseEmptyPeriod ({ from, until }: Period, written: unknown, path: RulePath): void {
  if (from >= until) refuseRule(path.at('validUntil'), 'never_matches', written, 'a moment after validFrom')
}

/** `2027-03-15T00:00:00Z` */
export function describeTime (time: number): string {
  return new Date(time).toISOString().replace('.000Z', 'Z')
}
