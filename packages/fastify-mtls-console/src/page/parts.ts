import type { Outcome } from '@peerkit/fastify-allowed-clients'
import { endOfValidity } from '@peerkit/identity'
import { describeKinds, isAuthorityShown } from '../trust/authorities.ts'
import type { ShownCertificate } from '../trust/show-certificate.ts'
import { html } from './html.ts'
import type { Html, HtmlValue } from './html.ts'
import { showDistinguishedName } from './names.ts'
import { term } from './terms.ts'
import { showTime, toneOfEnd } from './time.ts'

/** A word in a colored frame. */
export function badge (tone: string, text: HtmlValue): Html { return html`<span class="badge ${tone}">${text}</span>` }

/** An outcome with its sign and word. */
export function outcomeBadge (outcome: Outcome): Html {
  const { sign, word, tone } = OUTCOMES[outcome]
  return badge(tone, html`<span aria-hidden="true">${sign}</span> ${word}`)
}

/** A cell of a table. A header cell names its row. */
export interface Cell { readonly content: HtmlValue, readonly isHeader?: true, readonly class?: string }

export interface Table {
  readonly id: string
  readonly caption: string
  readonly columns: readonly string[]
  readonly rows: ReadonlyArray<readonly Cell[]>
  /** The text if there are no rows. */
  readonly empty: string
  /** The column by which the rows are sorted. */
  readonly sorted?: { readonly column: string, readonly order: 'ascending' | 'descending' }
  /** The address of the same rows as CSV. */
  readonly csv?: string
}

/** A table that is a list of cards on a phone. The roles keep it a table for screen readers. */
export function table ({ id, caption, columns, rows, empty, sorted, csv }: Table): Html {
  if (rows.length === 0) return html`<div id="${id}" data-live="${id}"><p class="empty">${empty}</p></div>`
  const head = columns.map((name) => name === sorted?.column
    ? html`<th role="columnheader" scope="col" aria-sort="${sorted.order}">${name}</th>`
    : html`<th role="columnheader" scope="col">${name}</th>`)
  const cell = ({ content, isHeader, class: name = '' }: Cell, index: number): Html => isHeader === true
    ? html`<th role="rowheader" scope="row" class="${name}" data-label="${columns[index]}"><div>${content}</div></th>`
    : html`<td role="cell" class="${name}" data-label="${columns[index]}"><div>${content}</div></td>`
  return html`<div id="${id}" data-live="${id}"><table role="table" class="cards"><caption
    class="unseen">${caption}</caption>
<thead role="rowgroup"><tr role="row">${head}</tr></thead>
<tbody role="rowgroup">${rows.map((cells) => html`<tr role="row">${cells.map(cell)}</tr>
`)}</tbody></table>${csv !== undefined && html`<p class="export"><a href="${csv}" download>Table as
  CSV</a></p>`}</div>`
}

/** Names and values, without those that are undefined or empty. */
export function facts (entries: ReadonlyArray<readonly [name: HtmlValue, value: HtmlValue]>): Html {
  const shown = entries.filter(([, value]) => value !== undefined && value !== '')
  return html`<dl class="facts">${shown.map(([name, value]) =>
    html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`
}

/** A fingerprint or a serial number, shown in groups and copied without spaces. */
export function hexadecimal (hex: string | undefined): Html | undefined {
  return hex === undefined ? undefined : html`<code class="hex">${hex}</code>`
}

/** Lines of text. Undefined without any. */
export function lines (texts: readonly HtmlValue[]): Html | undefined {
  return texts.length === 0 ? undefined : html`<ul class="lines">${texts.map((text) => html`<li>${text}</li>`)}</ul>`
}

/** The fields of a certificate. */
export function certificateFacts (certificate: ShownCertificate, now: number): Html {
  const { subject, issuer, spiffeId, names, serialNumber, notBefore, notAfter, fingerprint256, via } = certificate
  const { authority, notBelieved, claimed, tolerated, chain } = certificate
  return facts([
    ['Subject', showDn(subject)],
    [term('spiffe', 'SPIFFE ID'), spiffeId],
    ['Alternative names', lines(names)],
    [term('claimed', 'Claimed, not believed'), lines(claimed)],
    ['Issuer', showDn(issuer)],
    [term('chain', 'Chain'), showChain(chain, now)],
    [term('authority', 'Authority'), isAuthorityShown(certificate) ? authority : undefined],
    ['Does not vouch for', describeKinds(notBelieved).join(', ')],
    ['Tolerated flaws', tolerated.join(', ')],
    ['Valid from', showTime(notBefore, now)],
    ['Expires', showExpiry(notAfter, now)],
    [term('serial', 'Serial number'), hexadecimal(serialNumber)],
    [term('fingerprint', 'SHA-256'), hexadecimal(fingerprint256)],
    [term('gateway', 'Gateways'), lines(via)]
  ])
}

function showDn (text: string | undefined): Html | undefined {
  return text === undefined || text === '' ? undefined : showDistinguishedName(text)
}

function showChain (chain: ShownCertificate['chain'], now: number): Html | undefined {
  if (chain.length === 0) return undefined
  return html`<ol class="lines">${chain.map(({ subject, notAfter }) => {
    return html`<li>${showDistinguishedName(subject)}, expires ${showExpiry(notAfter, now)}</li>`
  })}</ol>`
}

/** When a certificate expires. */
export function showExpiry (notAfter: number | undefined, now: number): Html {
  return html`${showTime(notAfter, now)} ${certificateEndBadge(notAfter, now)}`
}

/** A badge if a certificate expires soon. */
export function certificateEndBadge (notAfter: number | undefined, now: number): Html | undefined {
  return notAfter === undefined ? undefined : endBadge(endOfValidity({ notAfter }), now)
}

/** A badge if something expires soon. @param end the first moment at which it is no longer valid */
export function endBadge (end: number, now: number): Html | undefined {
  if (now >= end) return badge('bad', 'expired')
  const tone = toneOfEnd(end, now)
  return tone === 'good' ? undefined : badge(tone, tone === 'bad' ? 'within a week' : 'within a month')
}

/** How many requests the rules allowed and denied. */
export function decisionCounts (
  { allowed, denied, wouldDeny }: { readonly allowed: number, readonly denied: number, readonly wouldDeny: number }
): Html {
  return html`<span class="counts"><span class="nowrap">${allowed} allowed</span> <span
    class="nowrap">${denied} denied</span>${wouldDeny > 0 &&
      html` <span class="nowrap">${wouldDeny} would be denied</span>`}</span>`
}

/** `1 route`, `2 routes`. */
export function countOf (count: number, one: string): string { return `${count} ${count === 1 ? one : `${one}s`}` }

/** A sign and a word, because color alone is not accessible. */
export const OUTCOMES: Readonly<Record<Outcome, {
  readonly sign: string
  readonly word: string
  readonly tone: string
}>> = {
  allowed: { sign: '✓', word: 'allowed', tone: 'good' },
  denied: { sign: '✕', word: 'denied', tone: 'bad' },
  reported: { sign: '!', word: 'allowed, reported', tone: 'warn' },
  'needs-request': { sign: '?', word: 'the request decides', tone: 'info' }
}

/** A form with the method GET, so that each view has a URL and works without scripts. */
export function filterForm (action: string, fields: HtmlValue): Html {
  return html`<form class="filter" role="search" method="get" action="${action}">${fields}<div class="field"><button
    type="submit">Show</button> <a href="${action}">Reset</a></div></form>`
}

export function textField (name: string, label: string, value: string, hint: string): Html {
  return html`<div class="field grow"><label for="${name}">${label}</label><input id="${name}" name="${name}"
    type="search" value="${value}" placeholder="${hint}" autocomplete="off" spellcheck="false" maxlength="300"></div>`
}

export function minuteField (name: string, label: string, value: string): Html {
  return html`<div class="field"><label for="${name}">${label}</label><input id="${name}" name="${name}"
    type="datetime-local" value="${value}"></div>`
}

export function choiceField (
  name: string,
  label: string,
  chosen: string | undefined,
  all: string,
  choices: ReadonlyArray<readonly [value: string, text: string]>
): Html {
  const options = choices.map(([value, text]) => value === chosen
    ? html`<option value="${value}" selected>${text}</option>`
    : html`<option value="${value}">${text}</option>`)
  return html`<div class="field"><label for="${name}">${label}</label><select id="${name}" name="${name}"><option
    value="">${all}</option>${options}</select></div>`
}
