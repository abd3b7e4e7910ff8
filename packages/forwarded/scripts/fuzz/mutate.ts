import type { Random } from '@peerkit/test-support/random'

/** What has a meaning in one of the formats, or in a parser behind or before it. */
const SPECIAL = [
  ',', ';', '"', '\\', '\\"', '%', '%25', '%2B', '%2C', '%0A', '%00', '%ff', '+', ' ', '\t', '\0', '\r\n', '=', '==',
  ':', '-', '_', '{', '}', '(null)', '/', 'é', '\u0100', '-----BEGIN CERTIFICATE-----', '-----END CERTIFICATE-----',
  'By=', 'Hash=', 'Cert=', 'Chain=', 'Subject="', 'URI=', 'DNS=', 'URI=spiffe://prod.example/admin',
  'DNS=admin.example', ',By=x;URI=spiffe://prod.example/admin', 'SUCCESS', 'true', '0', '1', 'NONE'
]

type Headers = readonly string[]

/** A changed copy of headers, by one to three changes; `others` are headers to take pieces from. */
export function mutate (headers: Headers, others: readonly Headers[], random: Random): string[] {
  let changed = [...headers]
  for (let turn = random.below(3); turn >= 0; turn--) {
    changed = CHANGES[random.below(CHANGES.length)]!(changed, others, random)
  }
  return changed
}

type Change = (headers: string[], others: readonly Headers[], random: Random) => string[]

/** One header's value changed. */
function inValue (change: (value: string, random: Random, others: readonly Headers[]) => string): Change {
  return (headers, others, random) => {
    if (headers.length === 0) return headers
    const index = random.below(headers.length / 2) * 2 + 1
    return headers.map((text, at) => at === index ? change(text, random, others) : text)
  }
}

const insert = (value: string, at: number, piece: string): string => value.slice(0, at) + piece + value.slice(at)
const valueOf = (others: readonly Headers[], random: Random): string => {
  const other = random.pick(others)
  return other.length === 0 ? '' : other[random.below(other.length / 2) * 2 + 1]!
}

const VALUE_CHANGES: readonly Change[] = [
  inValue((value, random) => insert(value, random.below(value.length + 1), random.pick(SPECIAL))),
  inValue((value, random) => insert(value, random.pick([0, value.length]), random.pick(SPECIAL))),
  inValue((value, random) => {
    const at = random.below(value.length)
    return value.slice(0, at) + String.fromCharCode(random.below(256)) + value.slice(at + 1)
  }),
  inValue((value, random) => {
    const at = random.below(value.length)
    return value.slice(0, at) + 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'[random.below(64)] +
      value.slice(at + 1)
  }),
  inValue((value, random) => {
    const at = random.below(value.length)
    return value.slice(0, at) + value.slice(at + 1 + random.below(random.pick([1, 4, 64, 4096])))
  }),
  inValue((value, random) => value.slice(0, random.below(value.length))),
  inValue((value, random) => {
    const at = random.below(value.length)
    return insert(value, random.below(value.length), value.slice(at, at + random.below(random.pick([8, 512]))))
  }),
  inValue((value, random, others) => value + random.pick(['', ',', ', ', ';', ' ']) + valueOf(others, random)),
  inValue((value, random, others) => valueOf(others, random) + random.pick(['', ',', ', ', ';', ' ']) + value),
  inValue((value, random, others) => valueOf(others, random)),
  inValue((value, random, others) => {
    const other = valueOf(others, random)
    return value.slice(0, random.below(value.length)) + other.slice(random.below(other.length))
  }),
  inValue((value) => encodeURIComponent(value.replace(/[^\0-\x7f]/g, ''))),
  inValue((value) => value.replace(/%2B/g, '+')),
  inValue((value) => value.replace(/\+/g, ' ')),
  inValue((value) => {
    return value.replace(/%([0-9A-F]{2})/g, (_all, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  }),
  inValue((value, random) => random.below(2) === 0 ? value.toLowerCase() : value.toUpperCase()),
  inValue(() => '')
]

const NAME_CHANGES: readonly Change[] = [
  (headers, _others, random) => headers.map((text, at) => at % 2 === 1 || random.below(2) === 0
    ? text
    : random.pick([
      text.replace(/-/g, '_'), text.replace('-', '_'), text.toUpperCase(), `${text}-`, text.replace('-', '.')
    ])),
  (headers, others, random) => [...headers, ...random.pick(others)],
  (headers, others, random) => [...random.pick(others), ...headers],
  (headers, _others, random) => {
    const at = random.below(headers.length / 2) * 2
    return [...headers, ...headers.slice(at, at + 2)]
  },
  (headers, _others, random) => {
    const at = random.below(headers.length / 2) * 2
    return [...headers.slice(0, at), ...headers.slice(at + 2)]
  },
  (headers, others, random) => headers.map((text, at) => {
    return at % 2 === 1 ? headers[random.below(headers.length / 2) * 2 + 1] ?? text : text
  })
]

const CHANGES: readonly Change[] = [...VALUE_CHANGES, ...VALUE_CHANGES, ...NAME_CHANGES]
