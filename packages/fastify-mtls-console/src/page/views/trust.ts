import type { ConsoleState } from '../../console-state.ts'
import { gatherTrust } from '../../trust/trust-facts.ts'
import type { TrustFacts } from '../../trust/trust-facts.ts'
import { html } from '../html.ts'
import type { Html } from '../html.ts'
import type { Page } from '../layout.ts'
import { csvLink } from '../export-links.ts'
import { breakable, showDistinguishedName } from '../names.ts'
import { badge, certificateFacts, facts, showExpiry, table } from '../parts.ts'
import { term } from '../terms.ts'
import { showTime } from '../time.ts'
import { authorityList, listClients } from './authorities.ts'
import { bundleSection, sourceFacts } from './source.ts'

const WHY_UNPLACED = 'Node does not expose an intermediate, or a gateway forwards too little'

/** The page with the own certificate and the trusted CAs. */
export function trustPage (state: ConsoleState): Page {
  const { prefix } = state
  const now = state.now()
  const trust = gatherTrust(state)
  const intermediates = trust.intermediates.map((one) => certificateFacts(one, now))
  return {
    title: 'Trust',
    isLive: true,
    body: html`<p class="faint">What changed is on the <a href="${prefix}/timeline">timeline</a>, what expires in the <a
href="${prefix}/expiry">calendar</a>.</p>
<section aria-labelledby="own-title"><h2 id="own-title">This service</h2><div class="panel" id="own"
      data-live="own">
${trust.warnings.map((warning) => html`<p class="notice bad">${warning}</p>`)}
${facts([
  [term('generation', 'Generation'), trust.generation],
  [term('trustEpoch', 'Trust epoch'), trust.trustEpoch],
  ...sourceFacts(trust.source, now),
  ['Private key', trust.keyUri === undefined ? undefined : html`in a token: ${breakable(trust.keyUri)}`],
  ['First expiry of the chain', showExpiry(trust.notAfter, now)]
])}
${certificateFacts(trust.identity, now)}
${trust.intermediates.length > 0 &&
  html`<details
    id="intermediates"><summary>Intermediates (${intermediates.length})</summary>${intermediates}</details>`
}</div></section>
<section aria-labelledby="anchors"><h2 id="anchors">Trusted CAs</h2>
<p class="faint">A client is accepted if its certificate leads to a ${term('anchor')}.${trust.hasNamedAuthorities &&
  html` An ${term('authority')} ${term('vouch')} some names only.`}</p>${authorityList(trust, prefix, now)}
${trust.unplaced > 0 && html`<p class="faint">The CA of ${trust.unplaced} clients is not known: ${WHY_UNPLACED}.</p>`}
</section>
${bundleSection(trust, now)}
${trust.formerAnchors.length > 0 &&
  html`<section aria-labelledby="former-title"><h2
    id="former-title">CAs removed since the start</h2>${formerTable(trust, prefix, now)}</section>`}
<section aria-labelledby="crls-title"><h2 id="crls-title">${term('crl', 'CRLs')}</h2>
${crlTable(trust, prefix, now)}</section>`
  }
}

function formerTable ({ formerAnchors, hasNamedAuthorities }: TrustFacts, prefix: string, now: number): Html {
  return table({
    id: 'former',
    caption: 'CAs that are no longer trusted, the last removed first, and attempts with their certificates',
    sorted: { column: 'Removed', order: 'descending' },
    columns: ['CA', 'Removed', 'Clients seen before', 'Refused since'],
    empty: '',
    rows: formerAnchors.map(({ certificate, authority, removedAt, clients, attempts, lastAttempt }) => [
      {
        content: html`${showDistinguishedName(certificate.subject ?? certificate.text)}${hasNamedAuthorities &&
          ofAuthority(authority)}`,
        isHeader: true,
        class: 'break'
      },
      { content: showTime(removedAt, now) },
      { content: listClients(clients, prefix), class: 'break' },
      {
        content: attempts === 0
          ? 'no attempts'
          : html`${badge('warn', `${attempts} times`)} last ${showTime(lastAttempt, now)} <a
            href="${prefix}/log?q=${encodeURIComponent(certificate.subject ?? '')}">log</a>`
      }
    ])
  })
}

/** Undefined: the CRL is from the server's checker, which applies to all authorities. */
function ofAuthority (name: string | undefined): Html {
  return html` <br><span class="faint">${name === undefined ? 'of all authorities' : `of authority ${name}`}</span>`
}

function crlTable ({ crls, hasNamedAuthorities }: TrustFacts, prefix: string, now: number): Html {
  return table({
    id: 'crls',
    caption: 'CRLs in force',
    columns: ['Issuer', 'Number', 'Issued', 'Next update', 'Entries'],
    empty: crls === undefined
      ? 'There is no revocation checker: the credentials have no CRL, and the option revocation is not set.'
      : 'The checker has no CRL.',
    csv: csvLink(prefix, 'crls'),
    rows: (crls ?? []).map(({ issuer, number, thisUpdate, nextUpdate, entries, isDelta, authority }) => [
      {
        content: html`${showDistinguishedName(issuer)} ${isDelta && badge('plain', 'delta')}${hasNamedAuthorities &&
          ofAuthority(authority)}`,
        isHeader: true,
        class: 'break'
      },
      { content: number },
      { content: showTime(thisUpdate, now) },
      { content: html`${showTime(nextUpdate, now)} ${nextUpdate <= now && badge('bad', 'expired')}` },
      { content: entries }
    ])
  })
}
