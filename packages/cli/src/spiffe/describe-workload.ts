import { endOfValidity } from '@peerkit/identity'
import type { PeerIdentity } from '@peerkit/identity'
import type { InspectedBundle, InspectedSvid, WorkloadApiView } from '@peerkit/spiffe'
import { readCrlPeriod } from '../inspect/crl.ts'
import { describeMoment, describePeriod, shown, shownRows } from '../output.ts'
import type { Row } from '../output.ts'
import type { Use } from './check-use.ts'

/** What is to be shown. */
export interface WorkloadReport {
  readonly view: WorkloadApiView
  readonly use: Use
  /** Certificates that expire soon, have expired or are not valid yet. */
  readonly ending: ReadonlySet<PeerIdentity>
  readonly now: number
}

export function describeAsText (report: WorkloadReport): string {
  const { view: { endpoint, svids, bundles, crls }, use, now } = report
  return [
    `Workload API at ${shown(endpoint)}\n`,
    `\nX.509-SVIDs (${svids.length})\n`,
    ...svids.map((svid, index) => describeSvid(svid, index, report)),
    `\nTrust bundles (${bundles.length})\n`,
    ...bundles.map((bundle) => describeBundle(bundle, report)),
    `\nCRLs (${crls.length})\n`,
    shownRows(crls.map((der) => describeCrl(der, now))),
    `\n${describeUse(use)}`
  ].join('')
}

function describeSvid (svid: InspectedSvid, index: number, report: WorkloadReport): string {
  const { spiffeId, hint, chain, problem } = svid
  const rows: Row[] = [
    [spiffeId === '' ? 'no SPIFFE ID' : shown(spiffeId), index === 0 ? 'the default' : `number ${index + 1}`],
    ['hint', hint === '' ? undefined : hint],
    ['certificate', chain.slice(0, 1).map((leaf) => describeCertificate(leaf, report))],
    ['intermediates', chain.slice(1).map((one) => describeCertificate(one, report))],
    ['PROBLEM', problem]
  ]
  return shownRows(rows)
}

function describeBundle ({ trustDomain, isOwn, anchors, problem }: InspectedBundle, report: WorkloadReport): string {
  const refused = report.use.refused.find((one) => one.trustDomain === trustDomain)?.problem
  return shownRows([
    [shown(trustDomain), isOwn ? 'our own trust domain' : 'federated'],
    ['CAs', anchors.map((anchor) => describeCertificate(anchor, report))],
    ['PROBLEM', problem ?? refused]
  ])
}

function describeCertificate (certificate: PeerIdentity, { ending, now }: WorkloadReport): string {
  const { notBefore, notAfter } = certificate
  const mark = ending.has(certificate) ? 'EXPIRES: ' : ''
  if (notAfter === undefined) return `${String(certificate)}`
  return `${mark}${String(certificate)} ${describePeriod(notBefore, endOfValidity({ notAfter }), now)}`
}

function describeCrl (der: Uint8Array, now: number): Row {
  const period = readCrlPeriod(der)
  if (period === undefined) return ['PROBLEM', `${der.length} octets that are no CRL`]
  const { issuer, thisUpdate, nextUpdate } = period
  return [shown(issuer), nextUpdate === undefined ? 'without an end' : describePeriod(thisUpdate, nextUpdate, now)]
}

function describeUse ({ spiffeId, problem, trustDomains, warnings }: Use): string {
  const warned = warnings.map((warning) => `warning: ${shown(warning)}\n`).join('')
  if (problem !== undefined) return `${warned}not usable: ${shown(problem)}\n`
  const who = trustDomains.map(shown).join(', ')
  return `${warned}usable as ${shown(spiffeId ?? 'unknown')}; accepts peers of ${who}\n`
}

export function describeAsData ({ view, use, ending }: WorkloadReport): object {
  const show = (certificate: PeerIdentity): object => {
    const { subject, spiffeId, serialNumber, fingerprint256, notBefore, notAfter } = certificate
    return {
      subject: subject?.toString(),
      spiffeId,
      serialNumber,
      fingerprint256,
      notBefore: notBefore === undefined ? undefined : describeMoment(notBefore),
      notAfter: notAfter === undefined ? undefined : describeMoment(notAfter),
      ending: ending.has(certificate)
    }
  }
  return {
    endpoint: view.endpoint,
    svids: view.svids.map(({ spiffeId, hint, chain, problem }) => {
      return { spiffeId, hint, chain: chain.map(show), problem }
    }),
    bundles: view.bundles.map(({ trustDomain, isOwn, anchors, problem }) => {
      return { trustDomain, isOwn, anchors: anchors.map(show), problem }
    }),
    crls: view.crls.map((der) => {
      const { issuer, thisUpdate, nextUpdate } = readCrlPeriod(der) ?? {}
      const at = (time: number | undefined): string | undefined => time === undefined ? undefined : describeMoment(time)
      return { issuer, thisUpdate: at(thisUpdate), nextUpdate: at(nextUpdate) }
    }),
    use
  }
}
