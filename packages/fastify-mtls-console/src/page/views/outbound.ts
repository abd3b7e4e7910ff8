import { listServices } from '../../collect/server-book.ts'
import type { ShownService } from '../../collect/server-book.ts'
import type { ConsoleState } from '../../console-state.ts'
import { html } from '../html.ts'
import type { Html } from '../html.ts'
import type { Page } from '../layout.ts'
import { badge, countOf, showExpiry, table } from '../parts.ts'
import { showTime } from '../time.ts'

/** The page of servers that this service calls. */
export function outboundPage ({ services, collector, now: clock }: ConsoleState): Page {
  const now = clock()
  return {
    title: 'Outbound',
    isLive: true,
    body: table({
      id: 'services',
      caption: 'Servers that this service calls',
      columns: ['Server', 'Expected', 'Last server', 'Last failure'],
      empty: 'This service declares no servers and called none since the start.',
      rows: listServices(services, collector.servers.list()).map((service) => [
        {
          content: html`${service.name ?? badge('plain', 'not declared')}<br><code>${service.origin}</code>`,
          isHeader: true,
          class: 'break'
        },
        { content: service.expects ?? html`<span class="faint">unknown</span>`, class: 'break' },
        { content: showServer(service, now), class: 'break' },
        { content: showRefusal(service, now), class: 'break' }
      ])
    })
  }
}

function showServer ({ server, identifiedAt, connections }: ShownService, now: number): Html {
  if (server === undefined) return html`<span class="faint">none yet</span>`
  const seen = html`${showTime(identifiedAt, now)}, ${countOf(connections, 'connection')}`
  return html`${server.text}<br>${seen}<br>certificate expires ${showExpiry(server.notAfter, now)}`
}

function showRefusal ({ refused, lastRefusal }: ShownService, now: number): Html {
  if (lastRefusal === undefined) return html`<span class="faint">none</span>`
  return html`${lastRefusal.reason !== undefined &&
    badge('plain', lastRefusal.reason)} ${lastRefusal.message ?? lastRefusal.code}<br>${showTime(lastRefusal.time,
      now)}, ${refused} in total`
}
