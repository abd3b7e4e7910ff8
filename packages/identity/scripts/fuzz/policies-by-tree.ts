import { toTree } from '@peerkit/test-support/der-tree'
import type { Node } from '@peerkit/test-support/der-tree'

const CERTIFICATE_POLICIES = '551d20'

/** The policy OIDs of a certificate, read by the mutator's tree and not by the reader under test. */
export function policiesByTree (der: Buffer): string[] {
  const extensions =
    toTree(der)?.[0]?.children?.[0]?.children?.find((field) => field.tag === 0xa3)?.children?.[0]?.children ?? []
  const extension = extensions.find(({ children }) => children?.[0]?.content.toString('hex') === CERTIFICATE_POLICIES)
  const policies = extension?.children?.at(-1)?.children?.[0]?.children ?? []
  return policies.map((policy) => dotted(policy.children?.[0]))
}

/** Arcs by big integers throughout, base 128 digits read from the text of their bits. */
function dotted (oid: Node | undefined): string {
  const arcs: bigint[] = []
  let digits = ''
  for (const octet of oid?.content ?? []) {
    digits += (octet & 0x7f).toString(2).padStart(7, '0')
    if (octet >= 0x80) continue
    arcs.push(BigInt(`0b${digits}`))
    digits = ''
  }
  const [first = 0n, ...rest] = arcs
  const top = first / 40n > 2n ? 2n : first / 40n
  return [top, first - top * 40n, ...rest].join('.')
}
