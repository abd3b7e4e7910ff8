import { describeAuthorityUse, describeKinds } from '../../trust/authorities.ts'
import type { NamedClient, ShownAuthority } from '../../trust/authorities.ts'
import type { ShownAnchor, TrustFacts } from '../../trust/trust-facts.ts'
import { html } from '../html.ts'
import type { Html } from '../html.ts'
import { csvLink } from '../export-links.ts'
import { breakable, showDistinguishedName } from '../names.ts'
import { badge, facts, hexadecimal, lines, showExpiry, table } from '../parts.ts'
import { term } from '../terms.ts'
import { showTime } from '../time.ts'

/** The largest number of authorities on the page. */
const MAX_AUTHORITIES = 100

/** The trusted CAs by authority, or one list if authorities are not shown. */
export function authorityList (trust: TrustFacts, prefix: string, now: number): Html {
  const { hasNamedAuthorities, authorities, anchors } = trust
  const shown = authorities.slice(0, MAX_AUTHORITIES).map((one) => authoritySection(one, anchors, prefix, now))
  const left = authorities.length - MAX_AUTHORITIES
  const body = hasNamedAuthorities
    ? html`${shown}${left > 0 && html`<p class="faint">${left} more authorities are in data.json.</p>`}`
    : anchorTable('anchor-table', anchors, prefix, now)
  return html`<div id="authorities" data-live="authorities">${body}<p class="export"><a
href="${csvLink(prefix, 'authorities')}" download>Table as CSV</a></p></div>`
}

function authoritySection (
  authority: ShownAuthority, anchors: readonly ShownAnchor[], prefix: string, now: number
): Html {
  const { name } = authority
  const own = anchors.filter((anchor) => anchor.authority === name)
  const title = `authority-${name}`
  return html`<section class="authority" aria-labelledby="${title}"><h3 id="${title}">${name}</h3>
<div class="panel">${authorityFacts(authority, own, prefix, now)}</div>
${anchorTable(`anchors-of-${name}`, own, prefix, now)}</section>`
}

function authorityFacts (authority: ShownAuthority, own: readonly ShownAnchor[], prefix: string, now: number): Html {
  const { for: use, vouchesFor, notBelieved, partial, tolerate, clients } = authority
  const placed = new Set(own.flatMap((anchor) => anchor.clients.map(({ key }) => key)))
  const others = clients.filter(({ key }) => !placed.has(key))
  return facts([
    ['For', describeAuthorityUse(use)],
    [term('vouch', 'Vouches for'), lines(vouchesFor)],
    ['Not believed', describeKinds(notBelieved).join(', ')],
    [term('serverAuthOnly', 'Certificates with only serverAuth'), showServerAuthOnly(authority, now)],
    ['Tolerated flaws', tolerate.join(', ')],
    ['Paths', partial ? 'may end at any of its CAs, also intermediates' : undefined],
    ['Signatures and keys', describeAlgorithms(authority)],
    ['Revocation', describeRevocation(authority)],
    ['Clients seen', String(clients.length)],
    ['Of these, CA not known or removed', others.length === 0 ? undefined : listClients(others, prefix)]
  ])
}

function showServerAuthOnly ({ serverAuthOnlyUntil: until }: ShownAuthority, now: number): Html | undefined {
  if (until === undefined) return undefined
  if (until <= now) return html`${badge('bad', 'no longer accepted')} since ${showTime(until, now)}`
  return html`accepted from clients until ${showTime(until, now)}`
}

function describeAlgorithms ({ algorithms }: ShownAuthority): string | undefined {
  if (algorithms === undefined) return undefined
  const { signatures, curves, minRsaBits, maxRsaBits } = algorithms
  return [
    signatures !== undefined && `signatures ${signatures.join(', ')}`,
    curves !== undefined && `curves ${curves.join(', ')}`,
    minRsaBits !== undefined && `RSA of at least ${minRsaBits} bits`,
    maxRsaBits !== undefined && `RSA of at most ${maxRsaBits} bits`
  ].filter((text) => text !== false).join('; ')
}

function describeRevocation ({ hasLists, hasChecker }: ShownAuthority): string {
  if (hasLists) return hasChecker ? 'CRLs and checker, both have to accept' : 'CRLs'
  return hasChecker ? 'checker' : 'no CRLs and no checker'
}

function anchorTable (id: string, anchors: readonly ShownAnchor[], prefix: string, now: number): Html {
  return table({
    id,
    caption: 'Trusted CAs and their clients',
    columns: ['CA', 'Expires', 'Clients seen'],
    empty: '',
    rows: anchors.map(({ certificate, clients }) => [
      { content: showAnchor(certificate), isHeader: true, class: 'break' },
      { content: showExpiry(certificate.notAfter, now) },
      { content: listClients(clients, prefix), class: 'break' }
    ])
  })
}

function showAnchor ({ subject, fingerprint256 }: ShownAnchor['certificate']): Html {
  const hex = hexadecimal(fingerprint256)
  const more = html`<details id="ca-${fingerprint256}"><summary>SHA-256</summary>${hex}</details>`
  return html`${showDistinguishedName(subject ?? 'unknown')}${more}`
}

/** Links to clients, at most twenty. */
export function listClients (clients: readonly NamedClient[], prefix: string): Html {
  if (clients.length === 0) return html`none`
  const links = clients.slice(0, 20).map(({ key, name }, index) => {
    const href = `${prefix}/clients?client=${encodeURIComponent(key)}`
    return html`${index > 0 && ', '}<a href="${href}">${breakable(name)}</a>`
  })
  return html`${clients.length}: ${links}${clients.length > 20 && ', …'}`
}
