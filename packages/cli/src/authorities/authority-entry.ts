import { CERTIFICATE_FLAWS } from '@peerkit/identity'
import type { CertificateFlaw } from '@peerkit/identity'
import { findNearest } from '@peerkit/identity/internal'
import { crlChecker } from '@peerkit/revocation'
import type { RevocationPolicy } from '@peerkit/revocation'
import { NameBounds, readAlgorithmPolicy } from '@peerkit/trust'
import type { AlgorithmPolicy, AuthorityNames } from '@peerkit/trust'
import { UsageError } from '../command.ts'
import { shown } from '../output.ts'

export type AuthorityUse = 'clients' | 'servers' | 'both'

/** The settings of an authority that name files. */
export type AuthorityPart = 'ca' | 'crl' | 'crlIssuers' | 'intermediates'

/** The checked settings of one authority of `--authorities`. Its files were not read yet. */
export interface AuthorityEntry {
  readonly name: string
  readonly use: AuthorityUse
  readonly names: AuthorityNames
  readonly bounds: NameBounds
  readonly revocation: RevocationPolicy
  readonly partial: boolean
  readonly spiffeOnly: boolean
  readonly algorithms: AlgorithmPolicy | undefined
  /** Milliseconds since the epoch. */
  readonly serverAuthOnlyUntil: number | undefined
  readonly tolerate: readonly CertificateFlaw[]
  /** As written in the file. */
  readonly paths: Readonly<Record<AuthorityPart, readonly string[]>>
}

const PARTS: readonly AuthorityPart[] = ['ca', 'crl', 'crlIssuers', 'intermediates']
const SETTINGS = ['names', 'for', 'revocation', 'partial', 'spiffeOnly', 'algorithms', 'serverAuthOnly', 'tolerate']
const KNOWN: readonly string[] = [...PARTS, ...SETTINGS]
const USES: readonly unknown[] = ['clients', 'servers', 'both']
const NAME = /^[A-Za-z0-9._-]{1,255}$/

/** @throws UsageError */
export function checkAuthorityName (name: string, where: string): void {
  if (NAME.test(name)) return
  throw wrong(where, name, 'a name of at most 255 letters, digits, ".", "_" and "-"')
}

/**
 * Checks an authority as the option `authorities` of the credentials does, so both accept the same files.
 *
 * @param file for error messages: `--authorities authorities.json`
 * @param isAlone whether it is the only authority, which needs no `names`
 * @throws UsageError
 */
export function readAuthorityEntry (name: string, given: unknown, file: string, isAlone: boolean): AuthorityEntry {
  checkAuthorityName(name, file)
  const where = `${file}, ${name}`
  if (!isObject(given)) throw wrong(where, given, 'an object such as { "ca": "ca.pem" }')
  checkKeys(given, where)
  const { names = 'any', for: use = 'both', revocation = 'hard', partial = false, algorithms, serverAuthOnly } = given
  const { spiffeOnly = false } = given
  if (given['names'] === undefined && !isAlone) {
    throw wrong(`${where}.names`, undefined, 'its names, or "any": required with several authorities')
  }
  if (!USES.includes(use)) throw wrong(`${where}.for`, use, '"clients", "servers" or "both"')
  if (typeof partial !== 'boolean') throw wrong(`${where}.partial`, partial, 'true or false')
  const bounds = asked(file, () => new NameBounds(names as AuthorityNames, `${name}.names`))
  checkSpiffeOnly(spiffeOnly, bounds, where)
  asked(where, () => crlChecker({ crls: [], issuers: [], policy: revocation as RevocationPolicy }))
  if (algorithms !== undefined) asked(where, () => readAlgorithmPolicy(algorithms as AlgorithmPolicy))
  const until = serverAuthOnly === undefined ? undefined : readServerAuthOnly(serverAuthOnly, where)
  if (until !== undefined) checkServerAuthOnly(names as AuthorityNames, use as AuthorityUse, where)
  return {
    name,
    use: use as AuthorityUse,
    names: names as AuthorityNames,
    bounds,
    revocation: revocation as RevocationPolicy,
    partial,
    spiffeOnly: spiffeOnly === true,
    algorithms: algorithms as AlgorithmPolicy | undefined,
    serverAuthOnlyUntil: until,
    tolerate: readTolerate(given['tolerate'], `${where}.tolerate`),
    paths: readParts(given, where)
  }
}

/** @throws UsageError */
function checkSpiffeOnly (given: unknown, bounds: NameBounds, where: string): void {
  if (typeof given !== 'boolean') throw wrong(`${where}.spiffeOnly`, given, 'true or false')
  if (!given || bounds.isSpiffeBounded) return
  throw wrong(`${where}.spiffeOnly`, given, 'names.spiffe with bounds, because its leaves need a SPIFFE ID')
}

function readTolerate (given: unknown, where: string): readonly CertificateFlaw[] {
  if (given === undefined) return []
  const known: readonly unknown[] = CERTIFICATE_FLAWS
  const expected = `a list of ${CERTIFICATE_FLAWS.map((flaw) => `"${flaw}"`).join(', ')}`
  if (!Array.isArray(given)) throw wrong(where, given, expected)
  const other: unknown = given.find((flaw) => !known.includes(flaw))
  if (other !== undefined) throw wrong(where, other, expected)
  return given as readonly CertificateFlaw[]
}

function readParts (given: Readonly<Record<string, unknown>>, where: string): AuthorityEntry['paths'] {
  const parts = PARTS.map((part) => [part, readPaths(given[part], `${where}.${part}`)])
  return Object.fromEntries(parts) as AuthorityEntry['paths']
}

function checkKeys (given: object, where: string): void {
  for (const key of Object.keys(given)) {
    if (KNOWN.includes(key)) continue
    if (key === 'checker') throw wrong(`${where}.checker`, given, 'no checker: a file cannot have one')
    const near = findNearest(key, KNOWN)
    throw wrong(where, key, near === undefined ? `one of ${KNOWN.join(', ')}` : `a known key; did you mean "${near}"?`)
  }
  if (!Object.hasOwn(given, 'ca')) throw wrong(`${where}.ca`, undefined, 'a file with its CA certificates')
}

function readPaths (given: unknown, where: string): readonly string[] {
  if (given === undefined) return []
  const list: readonly unknown[] = Array.isArray(given) ? given : [given]
  if (list.length === 0) throw wrong(where, given, 'at least one path')
  return list.map((path) => {
    if (typeof path === 'string' && path.includes('-----BEGIN')) throw wrong(where, {}, 'a path, not PEM text')
    if (typeof path !== 'string' || path === '' || path.includes('\0')) throw wrong(where, path, 'a path')
    return path
  })
}

function readServerAuthOnly (given: unknown, where: string): number {
  const place = `${where}.serverAuthOnly`
  const keys = isObject(given) ? Object.keys(given) : []
  if (!isObject(given) || keys.some((key) => key !== 'acceptUntil')) {
    throw wrong(place, isObject(given) ? keys.join(', ') : given, 'an object such as { "acceptUntil": "2027-03-15" }')
  }
  const day = readDay(given['acceptUntil'])
  if (day === undefined) throw wrong(`${place}.acceptUntil`, given['acceptUntil'], describeDay(given['acceptUntil']))
  return day
}

function checkServerAuthOnly (names: AuthorityNames, use: AuthorityUse, where: string): void {
  const isOpen = names === 'any' || Object.keys(names).length === 0 || Object.values(names).includes('any')
  if (isOpen) {
    throw wrong(`${where}.serverAuthOnly`, names, `names with bounds, none of them "any": ${PUBLIC}`)
  }
  if (use === 'servers') {
    throw wrong(`${where}.for`, use, '"clients" or "both", because serverAuthOnly applies to clients')
  }
}

const PUBLIC = 'a public CA issues to anyone'

/** Converts errors of the packages that check a setting. */
function asked<Result> (where: string, read: () => Result): Result {
  try {
    return read()
  } catch (error) {
    const text = (error as Error).message.replace(/^Invalid [a-z ]+ option: /i, '')
    throw new UsageError(`${where}: ${text}`, { cause: error })
  }
}

function isObject (value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function wrong (where: string, found: unknown, expected: string): Error {
  return new UsageError(`${where}: found ${describe(found)}; expected ${expected}`)
}

function describe (value: unknown): string {
  if (value === undefined) return 'nothing'
  if (typeof value === 'string') return shown(JSON.stringify(value.slice(0, 100)))
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list'
  return typeof value === 'object' && value !== null ? 'an object' : String(value)
}

const DAY = /^[0-9]{4}-[0-9]{2}-[0-9]{2}$/

/** What was expected instead of a text that is not a day. */
export function describeDay (found: unknown): string {
  const isWritten = typeof found === 'string' && DAY.test(found)
  return `a day such as "2027-03-15"${isWritten ? ` (there is no ${found})` : ''}`
}

/** A day at 00:00 UTC, in milliseconds since the epoch. Undefined if the text is not a day. */
function readDay (text: unknown): number | undefined {
  const time = typeof text === 'string' && DAY.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN
  // Date.parse accepts 2027-02-31 as a day in March.
  return Number.isNaN(time) || new Date(time).toISOString().slice(0, 10) !== text ? undefined : time
}
