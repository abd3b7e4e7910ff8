import { shown, shownRows } from '../output.ts'
import type { Row } from '../output.ts'
import { matchCa } from '../server/ca-match.ts'
import { describeAsking, describeTrusted } from '../server/server-view.ts'
import type { ServerView } from '../server/server-view.ts'
import type { TlsArguments } from '../server/tls-arguments.ts'
import { describeDecisionAsData } from '../trust/decision.ts'
import { describeChain, describeIdentity, listRuleKeys, readChain } from './certificate.ts'
import type { ReadCertificate } from './certificate.ts'
import type { Described, Kind } from './objects.ts'
import { describeRules, suggestRules, WHY_AUTHORITY } from './suggest-rules.ts'

/** What was read from a file or a server. */
export interface Inspected {
  readonly target: string
  /** What the target is; of a file with several kinds, the kind of the first object. */
  readonly kind: Kind | 'server'
  readonly certificates: readonly ReadCertificate[]
  readonly server: ServerView | undefined
  readonly remark: string | undefined
  /** CRLs, certificate requests and OCSP responses. */
  readonly others: readonly Described[]
  /** The authority in the suggested rules. */
  readonly authority: string
}

/** The result as text. */
export function describeInspected (inspected: Inspected, { anchors, trust }: TlsArguments): string {
  const { target, certificates, server, remark, others, authority } = inspected
  const now = Date.now()
  const [leaf] = certificates
  const parts = [`${shown(target)}\n${remark === undefined ? '' : `${remark}\n`}`]
  if (server !== undefined) parts.push(shownRows(describeServer(server, trust)))
  parts.push(...others.map(({ title, text }) => `${title}\n${text}`))
  if (leaf === undefined) return parts.join('\n')
  if (leaf.peer === undefined) {
    return [...parts, `The certificate cannot be parsed: ${shown(leaf.error ?? '')}\n`].join('\n')
  }
  const anchored = server === undefined && anchors.length > 0
    ? shownRows([['trust', describeAnchoring(certificates, anchors, trust)]])
    : ''
  return [
    ...parts,
    `Values that rules match\n${describeIdentity(leaf.peer, leaf.key, now)}`,
    `${server === undefined ? 'In the file' : 'As sent'}\n${describeChain(readChain(certificates), now)}${anchored}`,
    `Rules that match it, the most specific first\n${describeRules(leaf.peer, authority)}`
  ].join('\n')
}

function describeServer (server: ServerView, trust: string): readonly Row[] {
  const { address, protocol, cipher, alpn, failure } = server
  return [
    ['address', address],
    ['failed', failure],
    ['protocol', protocol === undefined
      ? undefined
      : [protocol, cipher, alpn].filter((part) => part !== undefined).join(', ')],
    ...describeTrusted(server, trust),
    ...describeAsking(server, 'the server names none')
  ]
}

/** Whether one of the certificates is signed by a CA of --ca. This is not a path validation. */
function describeAnchoring (
  certificates: readonly ReadCertificate[],
  anchors: readonly Uint8Array[],
  trust: string
): string {
  const match = matchCa(certificates.map(({ der }) => der), anchors)
  if (match?.result === 'same_key') return `leads to ${trust}`
  const other = match?.result === 'other_key' ? `, which has a CA of the name ${match.name} with another key` : ''
  return `no certificate is signed by ${trust}${other}`
}

/** The result for `--json`. */
export function describeInspectedAsData (inspected: Inspected, { anchors, trust }: TlsArguments): object {
  const { target, kind, certificates, server, others, authority } = inspected
  const leaf = certificates[0]?.peer
  const { certificates: _, chain, ...view } = server ?? { certificates: [], chain: undefined }
  const lists: Record<string, object[]> = {}
  for (const { list, data } of others) (lists[list] ??= []).push(data)
  return {
    target,
    kind,
    ...lists,
    ...(server !== undefined && { server: { ...view, chain: chain && describeDecisionAsData(chain) } }),
    certificates: certificates.map(({ peer, error, key }, index) => ({
      identity: peer,
      key,
      error,
      ...readChain(certificates.slice(index, index + 2))[0]
    })),
    ...(server === undefined && certificates.length > 0 && anchors.length > 0 &&
    { trust: describeAnchoring(certificates, anchors, trust) }),
    ...(leaf !== undefined && {
      sees: listRuleKeys(leaf),
      rules: suggestRules(leaf, authority),
      rulesNote: WHY_AUTHORITY
    })
  }
}
