import type { WhatIfAnswer, WhatIfRoute } from '../../access/what-if.ts'
import type { ConsoleState } from '../../console-state.ts'
import { html } from '../html.ts'
import type { Html } from '../html.ts'
import type { Page } from '../layout.ts'
import { showDistinguishedName, showSentence } from '../names.ts'
import { badge, certificateFacts, facts, hexadecimal, lines, outcomeBadge, table } from '../parts.ts'
import { formatTime } from '../time.ts'

type WhatIfResult = { readonly answer: WhatIfAnswer } | { readonly error: string }

/**
 * The form and the last result. Pasted text is not shown again, because it may have a secret.
 *
 * @param filter of routes, as entered
 */
export function whatIfPage ({ prefix, now }: ConsoleState, filter: string, result?: WhatIfResult): Page {
  return {
    title: 'What if this certificate called?',
    isLive: false,
    body: html`${result !== undefined && showResult(result, now())}
<section aria-labelledby="ask-title"><h2 id="ask-title">${result === undefined ? 'Ask' : 'Ask again'}</h2>
<form method="post" action="${prefix}/what-if" class="panel">
<div class="field"><label for="certificate">Certificate (PEM), followed by its intermediates</label>
<textarea id="certificate" name="certificate" rows="10" required autocomplete="off" autocapitalize="off"
  spellcheck="false" aria-describedby="certificate-hint" placeholder="-----BEGIN CERTIFICATE-----"></textarea>
<p class="faint" id="certificate-hint">It is not logged, counted or stored. Never paste a private key.</p></div>
<div class="field"><label for="q">Routes with these words (optional)</label><input id="q"
  name="q" type="search" value="${filter}" placeholder="DELETE /accounts"
  autocomplete="off" spellcheck="false" maxlength="300"></div>
<div class="field"><button type="submit">Check</button></div>
</form></section>`
  }
}

/** The distinguished names that may occur in sentences. */
type Names = ReadonlyArray<string | undefined>

const REAL_HANDSHAKE = 'A real handshake also needs OpenSSL to accept the certificate, and the client to have the key.'

function showResult (result: WhatIfResult, now: number): Html {
  if ('error' in result) return html`<p class="notice bad" role="alert">${result.error}</p>`
  return showAnswer(result.answer, now)
}

function showCheck ({ name, holds, note }: WhatIfAnswer['handshake']['checks'][number], names: Names): Html {
  const [tone, sign] = holds === undefined ? ['info', '?'] : holds ? ['good', '✓'] : ['bad', '✕']
  const label = html`<span aria-hidden="true">${sign}</span> ${name}`
  return html`<li>${badge(tone, label)} ${showSentence(note, names)}</li>`
}

function showAnswer ({ certificate, handshake, routes, more }: WhatIfAnswer, now: number): Html {
  const { accepted, acceptedUntil, checks } = handshake
  const until = acceptedUntil === undefined ? '.' : `, until ${formatTime(acceptedUntil)} (UTC).`
  const names = [certificate.subject, certificate.issuer, ...certificate.chain.map(({ subject }) => subject)]
  const verdict = accepted
    ? `The handshake would accept it${until}`
    : 'The handshake would refuse it, whatever the routes say.'
  return html`<section aria-labelledby="certificate-title"><h2 id="certificate-title">Certificate</h2><div
    class="panel">${certificateFacts(certificate, now)}</div></section>
<section aria-labelledby="handshake-title"><h2 id="handshake-title">Handshake</h2><div
  class="panel"><p>${badge(accepted ? 'good' : 'bad', verdict)}</p>
<ul class="lines">${checks.map((check) => showCheck(check, names))}</ul>
${refusalFacts(handshake, names)}
<p class="faint">${REAL_HANDSHAKE}</p></div></section>
<section aria-labelledby="routes-title"><h2 id="routes-title">Routes</h2>${routeTable(routes)}${more > 0 &&
  html`<p class="faint">${more} more routes: use the filter below.</p>`}</section>`
}

/** The refused certificate, and what to do. */
function refusalFacts ({ reason, detail, hint }: WhatIfAnswer['handshake'], names: Names): Html | undefined {
  if (detail === undefined) return undefined
  const { step, why, certificate } = detail
  return facts([
    ['Reason', reason],
    ['Step', why === undefined ? step : `${step} (${why})`],
    ['Refused certificate', certificate?.subject && showDistinguishedName(certificate.subject)],
    ['Its serial number', hexadecimal(certificate?.serialNumber)],
    ['Its SHA-256', hexadecimal(certificate?.fingerprint256)],
    ['What to do', hint === undefined ? undefined : showSentence(hint, names)]
  ])
}

function routeTable (routes: readonly WhatIfRoute[]): Html {
  return table({
    id: 'what-if-routes',
    caption: 'The answer of every route to this certificate',
    columns: ['Route', 'Answer', 'Why'],
    empty: 'No route matches.',
    rows: routes.map(({ route, outcome, requirements }) => [
      { content: html`<code>${route}</code>`, isHeader: true, class: 'break' },
      { content: outcomeBadge(outcome) },
      {
        content: requirements.length === 0
          ? 'anyone may call, also without a certificate'
          : requirements.map(({ rules, mode, explanation }) => {
            return html`<p class="faint">${rules}${mode === 'report-only' && ' (report only)'}</p>${lines(explanation)}`
          }),
        class: 'break wide'
      }
    ])
  })
}
