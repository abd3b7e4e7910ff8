import { malformed } from '../errors.ts'

/**
 * Writes an iPAddress (RFC 5280 section 4.2.1.6): four bytes as dotted decimals, sixteen as IPv6 in the form of RFC
 * 5952 (lower case, the longest run of zeros as `::`). An IPv4 address in sixteen bytes stays IPv6
 * (`::ffff:c000:201`), since it is another name.
 *
 * @throws DerInvalidError for any other length
 * @example
 * ```ts
 * console.log(renderIpAddress(parseIpAddress('2001:DB8::0:1'))) // 2001:db8::1
 * ```
 */
export function renderIpAddress (bytes: Uint8Array, start = 0, end: number = bytes.length): string {
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

/**
 * The bytes of an address that `net.isIP` accepts: four or sixteen.
 *
 * @example
 * ```ts
 * console.log(parseIpAddress('192.0.2.1')) // Uint8Array(4) [ 192, 0, 2, 1 ]
 * ```
 */
export function parseIpAddress (text: string): Uint8Array {
  if (!text.includes(':')) return Uint8Array.from(text.split('.'), Number)
  const [head = '', tail] = text.split('::')
  const front = groupsOf(head)
  const back = tail === undefined ? [] : groupsOf(tail)
  const octets = new Uint8Array(16)
  octets.set(front, 0)
  octets.set(back, 16 - back.length)
  return octets
}

function groupsOf (text: string): number[] {
  if (text === '') return []
  return text.split(':').flatMap((group) => {
    if (group.includes('.')) return group.split('.').map(Number)
    const value = Number.parseInt(group, 16)
    return [value >> 8, value & 0xff]
  })
}
