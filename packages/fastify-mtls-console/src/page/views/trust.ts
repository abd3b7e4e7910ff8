import type { Turn } from '../../collect/rotation-history.ts'
import type { ConsoleState } from '../../queries/console-state.ts'
import { listEnds } from '../../queries/list-ends.ts'
import { gatherTrust } from '../../queries/trust-facts.ts'
import type { TrustFacts } from '../../queries/trust-facts.ts'
import { html } from '../html.ts'
import type { Html } from '../html.ts'
import type { Page } from '../layout.ts'
import { badge, certificateFacts, certificateEndBadge, facts, fingerprint, lines, table } from '../parts.ts'
import { showTime } from '../time.ts'
import { authorityList, listClients } from './authorities.ts'
import { endsTable } from './overview.ts'

/** What the service presents and whom it trusts. */
export function trustPage (state: ConsoleState, prefix: string, now: number): Page {
  const trust = gatherTrust(state)
  return {
    title: 'Trust',
    path: '/trust',
    isLive: true,
    body: html`<section aria-labelledby="own-title"><h2 id="own-title">This service</h2><div class="panel" id="own" data-live="own">
${trust.warnings.map((warning) => html`<p class="notice bad">${warning}</p>`)}
${facts([['Generation', trust.generation], ['Trust epoch', trust.trustEpoch], ['First end of the chain', html`${showTime(trust.notAfter, now)} ${certificateEndBadge(trust.notAfter, now)}`]])}
${certificateFacts(trust.identity, now)}
${trust.intermediates.length > 0 && html`<details id="intermediates"><summary>Intermediates (${trust.intermediates.length})</summary>${trust.intermediates.map((one) => certificateFacts(one, now))}</details>`}</div></section>
<section aria-labelledby="turns-title"><h2 id="turns-title">Rotations</h2>${turnTable(trust, now)}</section>
<section aria-labelledby="anchors"><h2 id="anchors">Trusted CAs</h2>${authorityList(trust, prefix, now)}${trust.unplaced > 0 && html`<p class="faint">${trust.unplaced} of the clients seen lead to none of these by what is known here: Node does not show an intermediate, or a gateway passes on too little.</p>`}</section>
${trust.formerAnchors.length > 0 && html`<section aria-labelledby="former-title"><h2 id="former-title">CAs removed since the start</h2>${formerTable(trust, prefix, now)}</section>`}
<section aria-labelledby="crls-title"><h2 id="crls-title">Revocation lists</h2>${crlTable(trust, now)}</section>
<section aria-labelledby="ends-title"><h2 id="ends-title">Everything that ends</h2>${endsTable(listEnds(state), now)}</section>`
  }
}

function turnTable ({ turns }: TrustFacts, now: number): Html {
  const kinds = { start: badge('plain', 'found at the start'), rotated: badge('good', 'rotated'), refused: badge('bad', 'refused') }
  return table({
    id: 'turns',
    caption: 'Rotations since the start, the latest first',
    columns: ['Time', 'What', 'In force afterwards', 'Trust'],
    empty: '',
    rows: turns.map(({ time, count, type, generation, trustEpoch, serialNumber, fingerprint256, message, ...changes }) => [
      { content: showTime(time, now) },
      { content: html`${kinds[type]}${count > 1 && ` ${count} times`}${message !== undefined && html`<br>${message}`}`, isHeader: true, class: 'break' },
      { content: html`generation ${generation}<br><span class="faint">serial number</span> <code class="hex">${serialNumber}</code>${fingerprint256 !== undefined && html`<details id="turn-${time}-${generation}"><summary>SHA-256</summary>${fingerprint(fingerprint256)}</details>`}`, class: 'break' },
      { content: html`epoch ${trustEpoch}${lines(listChanges(changes))}`, class: 'break' }
    ])
  })
}

type Changes = Pick<Turn, 'added' | 'removed' | 'authorities'>

function listChanges ({ added, removed, authorities }: Changes): readonly string[] {
  return [...added.map((name) => `came: ${name}`), ...removed.map((name) => `went: ${name}`), ...authorities]
}

function formerTable ({ formerAnchors, hasNamedAuthorities }: TrustFacts, prefix: string, now: number): Html {
  return table({
    id: 'former',
    caption: 'CAs that are no longer trusted, and who still tries with their certificates',
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
      { content: attempts === 0 ? 'nobody tried' : html`${badge('warn', `${attempts} times`)} last ${showTime(lastAttempt, now)} <a href="${prefix}/log?q=${encodeURIComponent(certificate.subject ?? '')}">who</a>` }
    ])
  })
}

/** Undefined: of the server's own checker, which is asked below each of them. */
function ofAuthority (name: string | undefined): Html {
  return html`<br><span class="faint">${name === undefined ? 'of every authority' : `of authority ${name}`}</span>`
}

function crlTable ({ crls, hasNamedAuthorities }: TrustFacts, now: number): Html {
  return table({
    id: 'crls',
    caption: 'Revocation lists in force',
    columns: ['Issuer', 'Number', 'Issued', 'Next update', 'Entries'],
    empty: crls === undefined ? 'No checker is known here: the credentials have no CRL, and the console was given no other.' : 'The checker holds no list.',
    rows: (crls ?? []).map(({ issuer, number, thisUpdate, nextUpdate, entries, isDelta, authority }) => [
      {
        content: html`${issuer} ${isDelta && badge('plain', 'delta')}${hasNamedAuthorities && ofAuthority(authority)}`,
        isHeader: true,
        class: 'break'
      },
      { content: number },
      { content: showTime(thisUpdate, now) },
      { content: html`${showTime(nextUpdate, now)} ${nextUpdate <= now && badge('bad', 'out of date')}` },
      { content: entries }
    ])
  })
}
