import type { Budget } from '../limits.ts'
import type { ConstrainedNames } from './collect-names.ts'
import { isDomain, isWithin, matchesHost } from './domain.ts'
import { FORM } from './read-constraints.ts'
import type { NameConstraints, Subtree } from './read-constraints.ts'

/** Whether a name is in a subtree; undefined where its form cannot be decided. */
type Match<Name> = (name: Name, base: Subtree, kind: 'permitted' | 'excluded') => boolean | undefined

/** As long as a SPIFFE ID may be. A longer name would be read again for every constraint. */
const MAX_NAME = 2048

const TEXT_MATCHES: ReadonlyMap<number, Match<string>> = new Map([[FORM.dns, matchDns], [FORM.email, matchEmail], [FORM.uri, matchUri]])

/**
 * Whether every name is allowed by one CA's constraints (RFC 5280 section 6.1.3 b and c): in some permitted subtree of its form, if there is one, and in no
 * excluded one. A name whose form cannot be decided is refused where its form is constrained at all.
 *
 * @returns what is wrong, or undefined
 */
export function checkNames (names: ConstrainedNames, constraints: NameConstraints, budget: Budget): string | undefined {
  if (constraints.flaw !== undefined) return `constraints that cannot be decided: ${constraints.flaw}`
  for (const { form } of [...constraints.permitted, ...constraints.excluded]) {
    if (names.others.has(form)) return `a name of a constrained form that is not supported, tag 0x${form.toString(16)}`
  }
  for (const [form, list] of names.text) {
    const match = TEXT_MATCHES.get(form)!
    const fault = checkForm<string>(form, list, (name, base, kind) => name.length > MAX_NAME ? undefined : match(name, base, kind), constraints, budget, (name) => JSON.stringify(name))
    if (fault !== undefined) return fault
  }
  return checkForm(FORM.directoryName, names.directory, matchDirectory, constraints, budget, (rdns) => JSON.stringify(rdns)) ??
    checkForm(FORM.ip, names.addresses, matchAddress, constraints, budget, (octets) => `IP address ${Buffer.from(octets).toString('hex')}`)
}

function checkForm<Name> (form: number, names: readonly Name[], match: Match<Name>, constraints: NameConstraints, budget: Budget, show: (name: Name) => string): string | undefined {
  if (names.length === 0) return undefined
  const permitted = constraints.permitted.filter((base) => base.form === form)
  const excluded = constraints.excluded.filter((base) => base.form === form)
  // Counted before, so that a hostile certificate pays for nothing.
  if (!budget.spend('comparisons', names.length * (permitted.length + excluded.length))) return 'too many comparisons'
  for (const name of names) {
    if (permitted.length > 0 && !permitted.some((base) => match(name, base, 'permitted') === true)) return `${show(name)} is not permitted`
    if (excluded.some((base) => match(name, base, 'excluded') !== false)) return `${show(name)} is excluded`
  }
  return undefined
}

/** `base` and everything below it. A wildcard stands for names below it: excluded, where any of them is (CVE-2025-61727). */
function matchDns (name: string, { text }: Subtree, kind: 'permitted' | 'excluded'): boolean | undefined {
  const wild = name.startsWith('*.')
  const domain = (wild ? name.slice(2) : name).toLowerCase()
  if (!isDomain(domain)) return undefined
  if (isWithin(domain, text)) return true
  return wild && kind === 'excluded' && isWithin(text, domain)
}

const LOCAL_PART = /^[a-z0-9.!#$%&'*+/=?^_`{|}~-]+$/i

function matchEmail (name: string, { text }: Subtree): boolean | undefined {
  const at = name.indexOf('@')
  const host = name.slice(at + 1).toLowerCase()
  // Only a plain local part (RFC 5321 section 4.1.2, Dot-string): a quoted one may hold another at sign, and then two readers see two hosts.
  if (!LOCAL_PART.test(name.slice(0, Math.max(0, at))) || !isDomain(host)) return undefined
  if (text.includes('@')) return `${name.slice(0, at)}@${host}` === text
  return matchesHost(host, text)
}

const AUTHORITY = /^[a-z][a-z0-9+.-]*:\/\/(?:[^/?#]*@)?([^/?#@:]+)(?::[0-9]*)?(?:[/?#]|$)/i
// A browser takes a backslash for a slash, and drops or encodes a space.
const AMBIGUOUS = /[\\ ]/
const ENDS_IN_NUMBER = /(?:^|\.)(?:[0-9]+|0x[0-9a-f]*)$/i

/** Goes by the URI's host. One without a host, or with an IP address as its host, is refused under any constraint on URIs. */
function matchUri (name: string, { text }: Subtree): boolean | undefined {
  const host = AUTHORITY.exec(name)?.[1]?.toLowerCase()
  if (host === undefined || AMBIGUOUS.test(name) || !isDomain(host) || ENDS_IN_NUMBER.test(host)) return undefined
  return matchesHost(host, text)
}

function matchDirectory (name: readonly string[], { rdns }: Subtree): boolean {
  return rdns.length <= name.length && rdns.every((rdn, index) => rdn === name[index])
}

function matchAddress (address: Uint8Array, { octets }: Subtree): boolean {
  if (octets.length !== 2 * address.length) return false
  return address.every((octet, index) => ((octet ^ octets[index]!) & octets[address.length + index]!) === 0)
}
