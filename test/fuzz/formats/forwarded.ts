// The headers of every gateway format, XFCC among them, as their gateways write them. Whoever is accepted must be the
// one whose certificate was issued, or whom the header names letter by letter.
import type { ForwardedResult } from '@peerkit/forwarded'
import { mutate } from '../../../packages/forwarded/scripts/fuzz/mutate.ts'
import { findWrong } from '../../../packages/forwarded/scripts/fuzz/oracle.ts'
import { targets } from '../../../packages/forwarded/scripts/fuzz/targets.ts'
import { gateway } from '../../../packages/forwarded/test/support/people.ts'
import type { Format } from '../engine/format.ts'

/** An input: the index of the gateway, and the raw headers. */
type Message = readonly [target: number, headers: readonly string[]]

const write = (message: Message): Buffer => Buffer.from(JSON.stringify(message))
const parse = (input: Buffer): Message => JSON.parse(input.toString()) as Message
const everyHeader = targets.flatMap(({ seeds }) => seeds)

export const forwarded: Format = {
  name: 'forwarded',
  seeds: targets.flatMap(({ seeds }, index) => seeds.map((headers) => write([index, headers]))),
  mutate (seed, _others, random) {
    const [index, headers] = parse(seed)
    // Pieces of the same gateway's headers fit more often.
    const own = random.below(3) === 0 ? everyHeader : targets[index]?.seeds ?? everyHeader
    return write([index, mutate(headers, own, random)])
  },
  read (input) {
    const [index, rawHeaders] = readMessage(input)
    return targets[index]?.reader.read({ rawHeaders, sender: gateway, remoteAddress: undefined })
  },
  isDocumented: () => false,
  check (result: ForwardedResult, input) {
    const [index, headers] = readMessage(input)
    const target = targets[index]
    if (result?.state !== 'accepted' || target === undefined) return undefined
    const wrong = findWrong(result.identity, headers, target.truth)
    return wrong && `${target.name}: ${wrong}`
  },
  label: (result?: ForwardedResult) => result?.state === 'refused' ? result.reason : result?.state ?? 'none',
  maxSteps: (octets) => 15_000 + 60 * octets
}

/** An input that was made shorter may be no message any more: it has no headers. */
function readMessage (input: Buffer): Message {
  try {
    const [index, headers] = parse(input)
    if (Array.isArray(headers) && headers.length % 2 === 0 && headers.every((text) => typeof text === 'string')) return [index, headers]
  } catch {}
  return [-1, []]
}
