import { malformed } from '../reasons.ts'

/**
 * Writes an iPAddress (RFC 5280 section 4.2.1.6): four bytes as dotted decimals, sixteen as IPv6 in the form of RFC
 * 5952 (lower case, the longest run of zeros as `::`). An IPv4 address in sixteen bytes stays IPv6
 * (`::ffff:c000:201`), since it is another name.
 *
 * @throws MTLS_ERR_DER_INVALID for any other length
 */
export function renderIpAddress (bytes: Uint8Array, start: number, end: number): string {
  if (end - start === 4) return bytes.subarray(start, end).join('.')
  if (end - start !== 16) malformed('general_name_invalid', start, `IP address of ${end - start} bytes`)
  const groups: number[] = []
  for (let i = start; i < end; i += 2) groups.push((bytes[i] as number) * 256 + (bytes[i + 1] as number))
  const { from, length } = longestZeroRun(groups)
  const hex = groups.map((group) => group.toString(16))
  if (length < 2) return hex.join(':')
  return `${hex.slice(0, from).join(':')}::${hex.slice(from + length).join(':')}`
}

function longestZeroRun (groups: readonly number[]): { from: number, length: number } {
  let best = { from: 0, length: 0 }
  for (let from = 0; from < groups.length; from++) {
    let length = 0
    while (groups[from + length] === 0) length++
    if (length > best.length) best = { from, length }
    from += length
  }
  return best
}
