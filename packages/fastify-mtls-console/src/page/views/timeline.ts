import type { ConsoleState } from '../../console-state.ts'
import type { Query } from '../../query.ts'
import { CHANGE_KINDS } from '../../trust/timeline.ts'
import type { ChangeKind, TrustChange } from '../../trust/timeline.ts'
import { csvLink } from '../export-links.ts'
import { html } from '../html.ts'
import type { Html } from '../html.ts'
import type { Page } from '../layout.ts'
import { showSentence } from '../names.ts'
import { badge, choiceField, filterForm, lines } from '../parts.ts'
import { term } from '../terms.ts'
import { showTime } from '../time.ts'

/** The largest number of changes on the page. */
const MAX_CHANGES = 100
const KINDS = Object.entries(CHANGE_KINDS)
const WORDS: Readonly<Record<ChangeKind, string>> = { rotation: 'rotation', crl: 'CRL', rules: 'rules' }

/** The page of the changes of trust. */
export function timelinePage (state: ConsoleState, query: Query): Page {
  const { prefix, now } = state
  const found = findChanges(state, query)
  const shown = found.slice(0, MAX_CHANGES)
  const more = found.length - shown.length
  return {
    title: 'Timeline of trust',
    isLive: true,
    body: html`<p class="faint">Each change of whom this service trusts, the latest first: ${term('rotation',
      'rotations')} of its credentials, ${term('crl', 'CRLs')}, and rules.</p>
${filterForm(`${prefix}/timeline`, choiceField('change', 'What', query.change, 'Every change', KINDS))}
<div id="timeline" data-live="timeline">${shown.length === 0
  ? html`<p class="empty">No such change since the start.</p>`
  : html`<ol class="timeline">${shown.map((change) => showChange(change, now()))}</ol>
<p class="export"><a href="${csvLink(prefix, 'timeline', query)}" download>Table as CSV</a></p>`}${more > 0 &&
  html`<p class="faint">${more} older changes are in the CSV file.</p>`}</div>`
  }
}

/** The changes of a kind, the latest first. */
export function findChanges ({ timeline }: ConsoleState, { change }: Query): TrustChange[] {
  return timeline.list().filter(({ kind }) => change === undefined || kind === change)
}

const OUTCOMES: Readonly<Record<TrustChange['outcome'], readonly [tone: string, word: string]>> = {
  start: ['plain', 'at the start'], changed: ['good', 'in force'], refused: ['bad', 'refused']
}

function showChange (change: TrustChange, now: number): Html {
  const { kind, outcome, time, count, title, message, notes, names, more } = change
  const [tone, word] = OUTCOMES[outcome]
  const head = html`${badge('info', WORDS[kind])} ${badge(tone, word)}${count > 1 && ` ${count} times`}`
  return html`<li class="change ${tone}"><p class="head"><span class="when">${showTime(time, now)}</span> ${head}</p>
<p class="title">${showSentence(title, names)}</p>${message !== undefined && html`<p class="why">${message}</p>`}
${showDiff(change)}${lines(notes.map((note) => showSentence(note, names)))}${more > 0 &&
  html`<p class="faint">and ${more} more lines</p>`}</li>
`
}

/** Lines that came and went. Signs and words say which, not only colors. */
function showDiff ({ came, went, names }: TrustChange): Html | undefined {
  if (came.length + went.length === 0) return undefined
  const gone = went.map((line) => showLine('went', '−', 'removed', showSentence(line, names)))
  const added = came.map((line) => showLine('came', '+', 'added', showSentence(line, names)))
  return html`<ul class="diff">${gone}${added}</ul>`
}

function showLine (name: string, sign: string, word: string, text: Html): Html {
  return html`<li class="${name}"><span class="sign" aria-hidden="true">${sign}</span><span
    class="unseen">${word}: </span>${text}</li>`
}
