import { isIP } from 'node:net'

/** An address as a number of 32 or 128 bits. */
export interface IpAddress {
  readonly bits: 32 | 128
  readonly value: bigint
}

/** RFC 4291 section 2.5.5.2: ::ffff:0:0/96 contains the IPv4 addresses. */
const MAPPED = 0xffffn

/**
 * Parses an address in any form. An IPv4-mapped IPv6 address (`::ffff:192.0.2.1`) is the IPv4 address: it is the same
 * node, and another form must not evade a `not`.
 */
export function parseIp (text: string): IpAddress | undefined {
  const family = isIP(text)
  if (family === 4) return { bits: 32, value: joinNumbers(text.split('.').map(Number), 8n) }
  if (family === 0 || text.includes('%')) return undefined
  const value = joinNumbers(expand(text), 16n)
  return value >> 32n === MAPPED ? { bits: 32, value: value & 0xffff_ffffn } : { bits: 128, value }
}

/** The eight groups of an IPv6 address that `isIP` found to be well-formed. */
function expand (text: string): number[] {
  const [head = '', tail] = text.split('::')
  const start = readGroups(head)
  if (tail === undefined) return start
  const end = readGroups(tail)
  return [...start, ...Array.from({ length: 8 - start.length - end.length }, () => 0), ...end]
}

function readGroups (text: string): number[] {
  if (text === '') return []
  return text.split(':').flatMap((group) => {
    if (!group.includes('.')) return Number.parseInt(group, 16)
    const [a = 0, b = 0, c = 0, d = 0] = group.split('.').map(Number)
    return [a * 256 + b, c * 256 + d]
  })
}

function joinNumbers (numbers: readonly number[], width: bigint): bigint {
  return numbers.reduce((sum, number) => (sum << width) | BigInt(number), 0n)
}

/** The address as RFC 4291 writes it, without `::`; for messages. */
export function renderIp ({ bits, value }: IpAddress): string {
  const width = bits === 32 ? 8 : 16
  const mask = (1n << BigInt(width)) - 1n
  const groups = Array.from({ length: bits / width }, (_, index) => {
    return Number((value >> BigInt(bits - width * (index + 1))) & mask)
  })
  if (bits === 32) return groups.join('.')
  return groups.map((group) => group.toString(16)).join(':').replace(/(?:(?:^|:)0){2,}(?::|$)/, '::')
}
