import type { ConsoleState } from '../console-state.ts'
import { html } from './html.ts'
import type { Html } from './html.ts'
import { termList } from './terms.ts'
import { showMoment } from './time.ts'

export interface NavigationEntry {
  /** The path of the page below the prefix. */
  readonly path: string
  readonly name: string
}

/** Where a page is shown. */
export interface PageFrame {
  readonly path: string
  readonly nonce: string
  readonly pages: readonly NavigationEntry[]
  /** The filters, as a query string. */
  readonly query: string
}

export interface Page {
  readonly title: string
  readonly body: Html
  /** Whether the script updates it. */
  readonly isLive: boolean
}

/** Renders a page with its frame. */
export function layOut (
  { prefix, name, instance, since, now: clock }: ConsoleState,
  { title, body, isLive }: Page,
  { path, nonce, pages, query }: PageFrame
): string {
  const now = clock()
  const link = ({ path: to, name: text }: NavigationEntry): Html => to === path
    ? html`<li><a href="${prefix}${to}" aria-current="page">${text}</a></li>`
    : html`<li><a href="${prefix}${to}">${text}</a></li>`
  const live = isLive &&
    html`<p class="live"><button type="button" id="live" aria-pressed="true" hidden>Live</button> <span id="live-status"
      role="status" class="faint"></span></p>`
  return `<!doctype html>\n${String(html`<html lang="en">
<head>
<meta charset="utf-8">
<title>${title} · ${name}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<link rel="icon" href="${prefix}/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="${prefix}/console.css" nonce="${nonce}">
<script type="module" src="${prefix}/console.js" nonce="${nonce}"></script>
</head>
<body>
<a class="skip" href="#main">Skip to content</a>
<header>
<div class="bar">
<p class="brand">${name}<span class="faint">${instance}</span></p>
<nav aria-label="Console"><ul>${pages.map(link)}</ul></nav>
</div>
</header>
<main id="main" tabindex="-1">
<div class="heading"><h1>${title}</h1>${live}</div>
${body}
</main>
<footer><p><span id="zone-name">All times are UTC.</span> <button type="button" id="zone" class="term" hidden>Show
them in my time zone</button> <a href="${prefix}/data.json${query}">The data of this page as JSON</a></p>
<p>The data is from this process only, since ${showMoment(since)}. Page created at
${showMoment(now)}. The console is read-only.</p>
${termList()}</footer>
</body>
</html>
`)}`
}
