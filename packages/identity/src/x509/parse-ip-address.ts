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
