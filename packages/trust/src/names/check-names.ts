import { isUnfolded } from '@peerkit/identity'
import type { Budget } from '../limits.ts'
import type { ConstrainedNames } from './collect-names.ts'
import { isWithin, matchesHost } from './domain.ts'
import { FORM } from './read-constraints.ts'
import type { NameConstraints, Subtree } from './read-constraints.ts'
import type { TextName } from './text-name.ts'

/** Whether a name is in a subtree; undefined where that cannot be decided. */
type Match<Name> = (name: Name, base: Subtree, kind: 'permitted' | 'excluded') => boolean | undefined

const TEXT_MATCHES: ReadonlyMap<number, Match<TextName>> = new Map([[FORM.dns, matchDns], [FORM.email, matchEmail], [FORM.uri, matchUri]])

/** A name in an error. */
const MAX_SHOWN = 100

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
    const fault = checkForm(form, list, TEXT_MATCHES.get(form)!, constraints, budget, ({ text }) => JSON.stringify(text.slice(0, MAX_SHOWN)))
    if (fault !== undefined) return fault
  }
  return checkForm(FORM.directoryName, names.directory, matchDirectory, constraints, budget, (rdns) => JSON.stringify(rdns).slice(0, MAX_SHOWN)) ??
    checkForm(FORM.ip, names.addresses, matchAddress, constraints, budget, (octets) => `IP address ${Buffer.from(octets).toString('hex')}`)
}

function checkForm<Name> (form: number, names: readonly Name[], match: Match<Name>, constraints: NameConstraints, budget: Budget, show: (name: Name) => string): string | undefined {
  if (names.length === 0) return undefined
  const permitted = constraints.permitted.filter((base) => base.form === form)
  const excluded = constraints.excluded.filter((base) => base.form === form)
  const flaw = [...permitted, ...excluded].find((base) => base.flaw !== undefined)?.flaw
  if (flaw !== undefined) return `constraints that cannot be decided: ${flaw}`
  // Counted before, so that a hostile certificate pays for nothing. A directory name is compared RDN by RDN.
  const each = [...permitted, ...excluded].reduce((sum, { rdns }) => sum + Math.max(1, rdns.length), 0)
  if (!budget.spend('comparisons', names.length * each)) return 'too many comparisons'
  for (const name of names) {
    if (permitted.length > 0 && !permitted.some((base) => match(name, base, 'permitted') === true)) return `${show(name)} is not permitted`
    if (excluded.some((base) => match(name, base, 'excluded') !== false)) return `${show(name)} is excluded`
  }
  return undefined
}

/**
 * `base` and everything below it. A wildcard stands for names below it: excluded, where any of them is (CVE-2025-61727). RFC 5280 gives a leading period no
 * meaning for DNS names; OpenSSL and others take `.base` for everything below `base`. Whether `base` itself is excluded by it is not decided.
 */
function matchDns ({ host, isWildcard }: TextName, { text }: Subtree, kind: 'permitted' | 'excluded'): boolean | undefined {
  if (host === undefined) return undefined
  const isBelow = text.startsWith('.')
  const base = isBelow ? text.slice(1) : text
  // All that a wildcard stands for is below its host.
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

/** A text that is too long to be folded may be equal to another all the same, so that is not decided. */
function matchDirectory (name: readonly string[], { rdns }: Subtree): boolean | undefined {
  if (name.some(isUnfolded) || rdns.some(isUnfolded)) return undefined
  return rdns.length <= name.length && rdns.every((rdn, index) => rdn === name[index])
}

function matchAddress (address: Uint8Array, { octets }: Subtree): boolean {
  if (octets.length !== 2 * address.length) return false
  return address.every((octet, index) => ((octet ^ octets[index]!) & octets[address.length + index]!) === 0)
}
