import type { ConsoleState } from '../../console-state.ts'
import type { Turn } from '../../trust/rotation-history.ts'
import { gatherTrust, listEnds } from '../../trust/trust-facts.ts'
import type { TrustFacts } from '../../trust/trust-facts.ts'
import { html } from '../html.ts'
import type { Html } from '../html.ts'
import type { Page } from '../layout.ts'
import { badge, breakable, certificateFacts, facts, hexadecimal, lines, showExpiry, table } from '../parts.ts'
import { showTime } from '../time.ts'
import { authorityList, listClients } from './authorities.ts'
import { endsTable } from './overview.ts'
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
    body: html`<section aria-labelledby="own-title"><h2 id="own-title">This service</h2><div class="panel" id="own"
      data-live="own">
${trust.warnings.map((warning) => html`<p class="notice bad">${warning}</p>`)}
${facts([
  ['Generation', trust.generation],
  ['Trust epoch', trust.trustEpoch],
  ...sourceFacts(trust.source, now),
  ['Private key', trust.keyUri === undefined ? undefined : html`in a token: ${breakable(trust.keyUri)}`],
  ['First expiry of the chain', showExpiry(trust.notAfter, now)]
])}
${certificateFacts(trust.identity, now)}
${trust.intermediates.length > 0 &&
  html`<details
    id="intermediates"><summary>Intermediates (${intermediates.length})</summary>${intermediates}</details>`
}</div></section>
<section aria-labelledby="turns-title"><h2 id="turns-title">Rotations</h2>${turnTable(trust, now)}</section>
<section aria-labelledby="anchors"><h2 id="anchors">Trusted CAs</h2>${authorityList(trust, prefix, now)}
${trust.unplaced > 0 && html`<p class="faint">The CA of ${trust.unplaced} clients is not known: ${WHY_UNPLACED}.</p>`}
</section>
${bundleSection(trust, now)}
${trust.formerAnchors.length > 0 &&
  html`<section aria-labelledby="former-title"><h2
    id="former-title">CAs removed since the start</h2>${formerTable(trust, prefix, now)}</section>`}
<section aria-labelledby="crls-title"><h2 id="crls-title">CRLs</h2>${crlTable(trust, now)}</section>
<section aria-labelledby="ends-title"><h2 id="ends-title">Expiry dates</h2>${endsTable(listEnds(state), now)}</section>`
  }
}

function turnTable ({ turns }: TrustFacts, now: number): Html {
  const kinds = {
    start: badge('plain', 'at the start'),
    rotated: badge('good', 'rotated'),
    refused: badge('bad', 'refused')
  }
  return table({
    id: 'turns',
    caption: 'Rotations since the start, the latest first',
    columns: ['Time', 'What', 'In force afterwards', 'Trust'],
    empty: '',
    rows: turns.map(({ time, count, type, generation, trustEpoch, serialNumber, fingerprint256, message, ...turn }) => [
      { content: showTime(time, now) },
      {
        content: html`${kinds[type]}${count > 1 && ` ${count} times`}${message !== undefined && html`<br>${message}`}`,
        isHeader: true,
        class: 'break'
      },
      {
        content: html`generation ${generation}<br><span class="faint">serial number</span> ${
          hexadecimal(serialNumber)}${fingerprint256 !== undefined &&
            html`<details
              id="turn-${time}-${generation}"><summary>SHA-256</summary>${hexadecimal(fingerprint256)}</details>`}`,
        class: 'break'
      },
      { content: html`epoch ${trustEpoch}${lines(listChanges(turn))}`, class: 'break' }
    ])
  })
}

type Changes = Pick<Turn, 'added' | 'removed' | 'authorities'>

function listChanges ({ added, removed, authorities }: Changes): readonly string[] {
  return [...added.map((name) => `added: ${name}`), ...removed.map((name) => `removed: ${name}`), ...authorities]
}

function formerTable ({ formerAnchors, hasNamedAuthorities }: TrustFacts, prefix: string, now: number): Html {
  return table({
    id: 'former',
    caption: 'CAs that are no longer trusted, and attempts with their certificates',
    columns: ['CA', 'Removed', 'Clients seen before', 'Refused since'],
    empty: '',
    rows: formerAnchors.map(({ certificate, authority, removedAt, clients, attempts, lastAttempt }) => [
      {
        content: html`${certificate.subject}${hasNamedAuthorities && ofAuthority(authority)}`,
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
  return html`<br><span class="faint">${name === undefined ? 'of all authorities' : `of authority ${name}`}</span>`
}

function crlTable ({ crls, hasNamedAuthorities }: TrustFacts, now: number): Html {
  return table({
    id: 'crls',
    caption: 'CRLs in force',
    columns: ['Issuer', 'Number', 'Issued', 'Next update', 'Entries'],
    empty: crls === undefined
      ? 'There is no revocation checker: the credentials have no CRL, and the option revocation is not set.'
      : 'The checker has no CRL.',
    rows: (crls ?? []).map(({ issuer, number, thisUpdate, nextUpdate, entries, isDelta, authority }) => [
      {
        content: html`${issuer} ${isDelta && badge('plain', 'delta')}${hasNamedAuthorities && ofAuthority(authority)}`,
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
