import { malformed } from '../reasons.ts'
import { TAG } from './tags.ts'

const MONTH_DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]

/**
 * Decodes a UTCTime or GeneralizedTime to milliseconds since the epoch, in the forms of RFC 5280 section 4.1.2.5:
 * `YYMMDDHHMMSSZ` (years 1950 to 2049) and `YYYYMMDDHHMMSSZ`, with seconds, without fraction and offset. Both types
 * are accepted for any year, as that section requires of readers.
 *
 * @throws MTLS_ERR_DER_INVALID
 * @example
 * ```ts
 * const content = Buffer.from('270315000000Z')
 * console.log(new Date(decodeTime(content, TAG.utcTime, 0, content.length))) // 2027-03-15T00:00:00.000Z
 * ```
 */
export function decodeTime (bytes: Uint8Array, tag: number, start: number, end: number): number {
  const yearDigits = tag === TAG.utcTime ? 2 : 4
  if (tag !== TAG.utcTime && tag !== TAG.generalizedTime) malformed('tag_unexpected', start, 'expected a time')
  if (end - start !== yearDigits + 11 || bytes[end - 1] !== 0x5a) malformed('time_invalid', start)
  const rest = start + yearDigits
  let year = twoDigits(bytes, start)
  if (yearDigits === 4) year = year * 100 + twoDigits(bytes, start + 2)
  else year += year < 50 ? 2000 : 1900
  const month = twoDigits(bytes, rest)
  const day = twoDigits(bytes, rest + 2)
  const hour = twoDigits(bytes, rest + 4)
  const minute = twoDigits(bytes, rest + 6)
  const second = twoDigits(bytes, rest + 8)
  if (month < 1 || month > 12 || day < 1 || day > daysOf(year, month) || hour > 23 || minute > 59 || second > 59) {
    malformed('time_invalid', start)
  }
  return daysSinceEpoch(year, month, day) * 86_400_000 + ((hour * 60 + minute) * 60 + second) * 1000
}

function twoDigits (bytes: Uint8Array, at: number): number {
  const tens = (bytes[at] as number) - 0x30
  const ones = (bytes[at + 1] as number) - 0x30
  if (tens < 0 || tens > 9 || ones < 0 || ones > 9) malformed('time_invalid', at)
  return tens * 10 + ones
}

function daysOf (year: number, month: number): number {
  const leap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0
  return month === 2 && leap ? 29 : MONTH_DAYS[month - 1] as number
}

/**
 * Days since 1970-01-01 in the proleptic Gregorian calendar. `Date.UTC` would read the years 0 to 99 as 1900 to
 * 1999.
 */
function daysSinceEpoch (year: number, month: number, day: number): number {
  const shifted = month > 2 ? year : year - 1
  const era = Math.floor(shifted / 400)
  const yearOfEra = shifted - era * 400
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear
  return era * 146_097 + dayOfEra - 719_468
}
