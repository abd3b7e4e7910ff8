import { isUnfolded } from '@peerkit/identity'
import type { Budget } from '../limits.ts'
import type { ConstrainedNames } from './collect-names.ts'
import { isWithin, matchesHost } from './domain.ts'
import { FORM } from './read-constraints.ts'
import type { NameConstraints, Subtree } from './read-constraints.ts'
import type { TextName } from './text-name.ts'

/** Whether a name is in a subtree; undefined if that cannot be decided. */
type Match<Name> = (name: Name, base: Subtree, kind: 'permitted' | 'excluded') => boolean | undefined

const TEXT_MATCHES: ReadonlyMap<number, Match<TextName>> = new Map([
  [FORM.dns, matchDns], [FORM.email, matchEmail], [FORM.uri, matchUri]
])

/** How many characters of a name an error shows. */
const MAX_SHOWN = 100

/**
 * Checks names against the name constraints of one CA (RFC 5280 section 6.1.3 (b) and (c)). Each name must be in a
 * permitted subtree of its form, if there is one, and in no excluded subtree. If a name cannot be decided and its form
 * is constrained, it is refused.
 *
 * @returns the violation, or undefined
 */
export function checkNames (names: ConstrainedNames, constraints: NameConstraints, budget: Budget): string | undefined {
  if (constraints.flaw !== undefined) return `constraints that cannot be decided: ${constraints.flaw}`
  for (const { form } of [...constraints.permitted, ...constraints.excluded]) {
    if (names.others.has(form)) return `a name of a constrained form that is not supported, tag 0x${form.toString(16)}`
  }
  for (const [form, list] of names.text) {
    const fault = checkForm(form, list, TEXT_MATCHES.get(form)!, constraints, budget, showText)
    if (fault !== undefined) return fault
  }
  return checkForm(FORM.directoryName, names.directory, matchDirectory, constraints, budget, showDirectory) ??
    checkForm(FORM.ip, names.addresses, matchAddress, constraints, budget, showAddress)
}

function showText ({ text }: TextName): string {
  return JSON.stringify(text.slice(0, MAX_SHOWN))
}

function showDirectory (rdns: readonly string[]): string {
  return JSON.stringify(rdns).slice(0, MAX_SHOWN)
}

function showAddress (octets: Uint8Array): string {
  return `IP address ${Buffer.from(octets).toString('hex')}`
}

function checkForm<Name> (
  form: number, names: readonly Name[], match: Match<Name>, constraints: NameConstraints, budget: Budget,
  show: (name: Name) => string
): string | undefined {
  if (names.length === 0) return undefined
  const permitted = constraints.permitted.filter((base) => base.form === form)
  const excluded = constraints.excluded.filter((base) => base.form === form)
  const flaw = [...permitted, ...excluded].find((base) => base.flaw !== undefined)?.flaw
  if (flaw !== undefined) return `constraints that cannot be decided: ${flaw}`
  // Spent before comparing, so that a hostile certificate cannot cause the work. A directory name is compared by RDN.
  const each = [...permitted, ...excluded].reduce((sum, { rdns }) => sum + Math.max(1, rdns.length), 0)
  if (!budget.spend('comparisons', names.length * each)) return 'too many comparisons'
  for (const name of names) {
    const isPermitted = permitted.length === 0 || permitted.some((base) => match(name, base, 'permitted') === true)
    if (!isPermitted) return `${show(name)} is not permitted`
    if (excluded.some((base) => match(name, base, 'excluded') !== false)) return `${show(name)} is excluded`
  }
  return undefined
}

/**
 * A DNS constraint covers `base` and all names below it. A wildcard covers all names below its host: it is excluded if
 * any of them is (CVE-2025-61727). RFC 5280 defines no leading period for DNS names. OpenSSL and others read `.base` as
 * all names below `base`. Whether an excluded `.base` includes `base` itself cannot be decided.
 */
function matchDns (
  { host, isWildcard }: TextName, { text }: Subtree, kind: 'permitted' | 'excluded'
): boolean | undefined {
  if (host === undefined) return undefined
  const isBelow = text.startsWith('.')
  const base = isBelow ? text.slice(1) : text
  // All names that a wildcard covers are below its host.
  if (isWithin(host, base) && (!isBelow || host !== base || isWildcard)) return true
  if (isBelow && host === base && kind === 'excluded') return undefined
  return isWildcard && kind === 'excluded' && isWithin(base, host)
}

function matchEmail ({ host, localPart }: TextName, { text }: Subtree): boolean | undefined {
  if (host === undefined) return undefined
  return text.includes('@') ? `${localPart ?? ''}@${host}` === text : matchesHost(host, text)
}

function matchUri ({ host }: TextName, { text }: Subtree): boolean | undefined {
  return host === undefined ? undefined : matchesHost(host, text)
}

/** A text that is too long to be normalized may still equal another one, so that cannot be decided. */
function matchDirectory (name: readonly string[], { rdns }: Subtree): boolean | undefined {
  if (name.some(isUnfolded) || rdns.some(isUnfolded)) return undefined
  return rdns.length <= name.length && rdns.every((rdn, index) => rdn === name[index])
}

function matchAddress (address: Uint8Array, { octets }: Subtree): boolean {
  if (octets.length !== 2 * address.length) return false
  return address.every((octet, index) => ((octet ^ octets[index]!) & octets[address.length + index]!) === 0)
}
