import { isIP } from 'node:net'
import type { PeerIdentity } from '@peerkit/identity'
import { listAltNames } from '../list-alt-names.ts'
import { refuseRule } from '../refuse-rule.ts'
import type { RulePath } from '../rule-path.ts'
import type { CertificateField, FieldValue } from '../certificate-field.ts'
import { parseIp, renderIp } from './ip-address.ts'
import { readText } from './text.ts'

const EXPECTED = 'an IP address, or a range such as 10.0.0.0/8 or 2001:db8::/32'

/** An address, or a range in CIDR notation without host bits. @throws MTLS_ERR_RULE_INVALID */
export function readIp (value: unknown, path: RulePath): FieldValue {
  const text = readText(value, path, EXPECTED)
  const slash = text.indexOf('/')
  const address = parseIp(slash === -1 ? text : text.slice(0, slash))
  if (address === undefined) refuseRule(path, 'invalid_value', text, EXPECTED)
  if (slash === -1) return rangeValue(address.bits, address.bits, address.value)
  const written = text.slice(slash + 1)
  // A range of IPv4-mapped addresses counts its 96 leading bits, an IPv4 range does not.
  const prefix = /^(?:0|[1-9]\d{0,2})$/.test(written) ? Number(written) - (isIP(text.slice(0, slash)) === 6 && address.bits === 32 ? 96 : 0) : -1
  if (prefix < 0 || prefix > address.bits) refuseRule(path, 'invalid_value', text, EXPECTED, `a prefix length is at most ${address.bits}`)
  const host = BigInt(address.bits - prefix)
  const network = (address.value >> host) << host
  if (network !== address.value) {
    refuseRule(path, 'never_matches', text, EXPECTED, `it has host bits set; the range is ${renderIp({ bits: address.bits, value: network })}/${prefix}`)
  }
  return rangeValue(address.bits, prefix, address.value)
}

/** One field a prefix length: a look-up in each of the lengths in use, however many ranges there are. */
function rangeValue (bits: 32 | 128, prefix: number, value: bigint): FieldValue {
  return { field: { name: `ip/${bits}/${prefix}`, segmented: false, read: (peer) => listNetworks(peer, bits, prefix) }, key: keyOf(value, bits, prefix) } satisfies { field: CertificateField, key: string }
}

function listNetworks (peer: PeerIdentity, bits: 32 | 128, prefix: number): readonly string[] | undefined {
  return listAltNames(peer, 'ip')?.flatMap((text) => {
    const address = parseIp(text)
    return address?.bits === bits ? [keyOf(address.value, bits, prefix)] : []
  })
}

function keyOf (value: bigint, bits: number, prefix: number): string {
  return (value >> BigInt(bits - prefix)).toString(16)
}
