import type { BundleStatus, RenewalStatus } from '@peerkit/credentials'
import type { ShownSource } from '../../trust/source-facts.ts'
import type { TrustFacts } from '../../trust/trust-facts.ts'
import { html } from '../html.ts'
import type { Html, HtmlValue } from '../html.ts'
import { breakable } from '../names.ts'
import { badge, countOf, table } from '../parts.ts'
import { term } from '../terms.ts'
import { showTime } from '../time.ts'

/** The largest number of bundles on the page. */
const MAX_BUNDLES = 100
/** A renewal that is due begins within this, in milliseconds, unless the clock was set or the machine slept. */
const OVERDUE_AFTER = 60_000

/** The rows about the source of the credentials. None if it does not tell. */
export function sourceFacts (
  source: ShownSource | undefined, now: number
): ReadonlyArray<readonly [string, HtmlValue]> {
  if (source === undefined) return []
  const { kind, origin, since, problem, renewal } = source
  return [
    ['Source', kind === origin ? kind : html`${kind}: ${breakable(origin)}`],
    ['State of the source', html`${sourceBadge(source)} since ${showTime(since, now)}`],
    ['Problem', problem],
    ...renewal === undefined ? [] : renewalFacts(renewal, now)
  ]
}

/** The rows about the renewal of the certificate. */
function renewalFacts (renewal: RenewalStatus, now: number): ReadonlyArray<readonly [string, HtmlValue]> {
  const { issuer, issuedBy, renewedAt, nextRenewal, failures, failingSince, code, reason, store } = renewal
  const cause = [code, reason].filter((word) => word !== undefined).join(', ')
  const failed = failures === 0
    ? 'none'
    : html`${badge('bad', `${failures} in a row`)} since ${showTime(failingSince, now)}${cause !== '' && `: ${cause}`}`
  const isOverdue = nextRenewal !== undefined && nextRenewal < now - OVERDUE_AFTER
  return [
    ['Asked for certificates', issuer],
    ['Issued by', issuedBy],
    ['Last renewal', showTime(renewedAt, now)],
    ['Next renewal', nextRenewal === undefined
      ? 'is running'
      : html`${showTime(nextRenewal, now)}${isOverdue && html` ${badge('warn', 'overdue')}`}`],
    ['Failed renewals', failed],
    ['Shared store', store && html`${breakable(store.name)}${store.problem !== undefined &&
      html` <br>${badge('warn', 'not stored')} ${store.problem}`}`]
  ]
}

/** `live`, `failing` or `closed`. */
export function sourceBadge ({ state }: Pick<ShownSource, 'state'>): Html {
  return badge(state === 'live' ? 'good' : state === 'failing' ? 'bad' : 'plain', state)
}

/** The section of the trust bundles; undefined if there are none. */
export function bundleSection ({ source, authorities }: TrustFacts, now: number): Html | undefined {
  const bundles = source?.bundles ?? []
  if (bundles.length === 0) return undefined
  const worstFirst = [...bundles].sort((one, other) => rank(one) - rank(other))
  const clients = new Map(authorities.map(({ name, clients }) => [name, clients.length]))
  const left = bundles.length - MAX_BUNDLES
  return html`<section aria-labelledby="bundles-title"><h2 id="bundles-title">${term('bundle', 'Trust bundles')}</h2>
${table({
  id: 'bundles',
  caption: 'Trust bundles, those with problems first',
  columns: ['Trust domain', 'From', 'Sequence', 'Confirmed', 'Next refresh', 'Clients seen'],
  empty: '',
  rows: worstFirst.slice(0, MAX_BUNDLES).map((bundle) => [
    { content: html`${bundle.authority}${showProblem(bundle)}`, isHeader: true, class: 'break' },
    { content: breakable(bundle.origin), class: 'break' },
    { content: bundle.sequence },
    { content: bundle.refreshedAt === undefined ? 'never' : showTime(bundle.refreshedAt, now) },
    { content: showNext(bundle, now) },
    { content: clients.has(bundle.authority) ? countOf(clients.get(bundle.authority) ?? 0, 'client') : 'not trusted' }
  ])
})}
${left > 0 && html`<p class="faint">${left} more bundles are in data.json.</p>`}</section>`
}

function rank ({ problem }: BundleStatus): number { return problem === undefined ? 1 : 0 }

function showProblem ({ problem }: BundleStatus): Html | undefined {
  return problem === undefined ? undefined : html` <br>${badge('warn', 'not renewed')} ${problem}`
}

function showNext ({ nextRefresh }: BundleStatus, now: number): HtmlValue {
  if (nextRefresh === undefined) return 'is pushed'
  return html`${showTime(nextRefresh, now)} ${nextRefresh < now && badge('warn', 'overdue')}`
}
