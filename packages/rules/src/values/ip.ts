import { isIP } from 'node:net'
import type { PeerIdentity } from '@peerkit/identity'
import { listAltNames } from '../list-alt-names.ts'
import { refuseRule } from '../refuse-rule.ts'
import type { RulePath } from '../rule-path.ts'
import type { CertificateField, FieldValue } from '../certificate-field.ts'
import { parseIp, renderIp } from './ip-address.ts'
import { readText } from './text.ts'

const EXPECTED = 'an IP address, or a range such as 10.0.0.0/8 or 2001:db8::/32'

/** An address, or a range in CIDR notation without host bits. @throws RuleInvalidError */
export function readIp (value: unknown, path: RulePath): FieldValue {
  const text = readText(value, path, EXPECTED)
  const slash = text.indexOf('/')
  const address = parseIp(slash === -1 ? text : text.slice(0, slash))
  if (address === undefined) refuseRule(path, 'invalid_value', text, EXPECTED)
  if (slash === -1) return rangeValue(address.bits, address.bits, address.value)
  const written = text.slice(slash + 1)
  // The prefix length of an IPv4-mapped range counts the 96 leading bits; that of an IPv4 range does not.
  const isMapped = isIP(text.slice(0, slash)) === 6 && address.bits === 32
  const prefix = /^(?:0|[1-9]\d{0,2})$/.test(written) ? Number(written) - (isMapped ? 96 : 0) : -1
  if (prefix < 0 || prefix > address.bits) {
    refuseRule(path, 'invalid_value', text, EXPECTED, `a prefix length is at most ${address.bits}`)
  }
  const host = BigInt(address.bits - prefix)
  const network = (address.value >> host) << host
  if (network !== address.value) {
    const range = `${renderIp({ bits: address.bits, value: network })}/${prefix}`
    refuseRule(path, 'never_matches', text, EXPECTED, `it has host bits set; the range is ${range}`)
  }
  return rangeValue(address.bits, prefix, address.value)
}

/** Each prefix length is a field of its own: one look-up for each length in use, however many ranges there are. */
function rangeValue (bits: 32 | 128, prefix: number, value: bigint): FieldValue {
  const field: CertificateField = {
    name: `ip/${bits}/${prefix}`,
    segmented: false,
    read: (peer) => listNetworks(peer, bits, prefix)
  }
  return { field, key: keyOf(value, bits, prefix) }
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
