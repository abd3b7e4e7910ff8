// Contents of certificates that are expensive to read.
import { COMMON_NAME, ORGANIZATIONAL_UNIT, dnsName, writeName } from './certificate.ts'

/** Each has two octets; Unicode's normal forms sort runs of such. */
const ACUTE = '\u0301'
const CEDILLA = '\u0327'

/** A name of so many octets of combining marks. */
export function nameOfMarks (octets: number, beginning: string): Buffer {
  return writeName([COMMON_NAME, `${beginning}${(ACUTE + CEDILLA).repeat(octets >> 2)}`])
}

/** A name of about so many octets, which differs from others of the kind only in its last part. */
export function nameOfParts (octets: number, end: string): Buffer {
  const parts = Array.from({ length: Math.max(1, Math.floor(octets / 17)) }, (_, index) => {
    return [ORGANIZATIONAL_UNIT, `unit${String(index).padStart(2, '0')}`] as const
  })
  return writeName(...parts, [COMMON_NAME, end])
}

/** 70 KB of alternative names in their smallest: 10,000 of one letter, 10,000 of two. */
export function tinyNames (): Buffer[] {
  const letter = (index: number): string => String.fromCharCode(97 + index % 26)
  return Array.from({ length: 20_000 }, (_, index) => {
    return dnsName(index % 2 === 0 ? letter(index) : letter(index) + letter(index >> 5))
  })
}
