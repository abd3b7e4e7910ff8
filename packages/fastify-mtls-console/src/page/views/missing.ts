import { clip } from '@peerkit/identity/internal'
import { html } from '../html.ts'
import type { NavigationEntry, Page } from '../layout.ts'

/** What is answered for an address that has no page. */
export function missingPage (prefix: string, path: string, pages: readonly NavigationEntry[]): Page {
  return {
    title: 'This page is not there',
    isLive: false,
    body: html`<p class="notice">The console has no page <code>${clip(path)}</code>.</p>
<p>These are its pages:</p>
<ul class="pages">${pages.map(({ path: to, name }) => html`<li><a href="${prefix}${to}">${name}</a></li>`)}</ul>`
  }
}
