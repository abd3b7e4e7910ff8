// Messages of the SPIFFE Workload API: gRPC framing, protobuf, and what is checked of an update.
import { createDevCa } from '@peerkit/dev-ca'
import { readUpdate } from '../../../packages/spiffe/src/source/read-update.ts'
import type { SvidUpdate } from '../../../packages/spiffe/src/source/read-update.ts'
import { MessageFramer } from '../../../packages/spiffe/src/workload-api/message-framer.ts'
import { readSvidResponse } from '../../../packages/spiffe/src/workload-api/messages.ts'
import type { SvidResponse } from '../../../packages/spiffe/src/workload-api/messages.ts'
import { frame } from '../../../packages/spiffe/test/support/agent.ts'
import { derOf, field, svidOf, text, varint, writeSvidResponse } from '../../../packages/spiffe/test/support/messages.ts'
import { hasCode, textInput } from '../engine/format.ts'
import type { Format } from '../engine/format.ts'
import { mutateOctets } from '../engine/mutate-octets.ts'

const ID = 'spiffe://td.example/ns/a/sa/b'
const [ca, partner] = [await createDevCa(), await createDevCa({ name: 'Partner' })]
const issued = await (await ca.intermediate()).issue({ spiffe: ID, profile: 'client' })
const svid = svidOf(issued, ca, ID, 'internal')
const bundle = derOf(partner.root)
const messages = [
  writeSvidResponse({ svids: [svid] }), writeSvidResponse({ svids: [svid, { ...svid, hint: 'other' }] }),
  writeSvidResponse({ svids: [svid], federatedBundles: { 'spiffe://partner.example': bundle, 'spiffe://x.example': Buffer.alloc(0) } }),
  writeSvidResponse({ svids: [svid], crls: [Buffer.from('3000', 'hex')] }), writeSvidResponse({}),
  // Fields of a later version: a number, 64 and 32 bits, and one of text.
  Buffer.concat([writeSvidResponse({ svids: [svid] }), varint(99 << 3), varint(7), varint(9 << 3 | 1), Buffer.alloc(8), varint(9 << 3 | 5), Buffer.alloc(4), text(200, 'x')])
]
const WORDS = [
  varint(1 << 3 | 2), varint(3 << 3 | 2), Buffer.from('ffffffffffffffffff01', 'hex'), Buffer.from('ffffffffffffffffffff', 'hex'),
  varint(2 ** 40), Buffer.from([0x0b]), Buffer.from([0x0c]), field(1, Buffer.from(ID)), textInput('spiffe://partner.example'), textInput('spiffe://td.example'),
  textInput('__proto__'), Buffer.from('c3', 'hex'), Buffer.from('0000000005', 'hex')
]

interface Read { readonly response: SvidResponse, readonly update: SvidUpdate | string }

export const workloadApi: Format = {
  name: 'workload-api',
  seeds: messages,
  mutate: (seed, others, random) => mutateOctets(seed, others, random, WORDS),
  read (input) {
    const response = readSvidResponse(input)
    try {
      return { response, update: readUpdate(response) } satisfies Read
    } catch (error) {
      if (!isDocumented(error)) throw error
      return { response, update: (error as { reason: string }).reason } satisfies Read
    }
  },
  isDocumented,
  check ({ response }: Read) {
    const { svids, crls, federatedBundles } = response
    const printed = writeSvidResponse({ svids, crls, federatedBundles: Object.fromEntries(federatedBundles) })
    // An empty message is no field, so an empty SVID or CRL is not written.
    if ([...svids.map(({ certificates }) => certificates), ...crls].some(({ length }) => length === 0)) return undefined
    if ([...federatedBundles.keys()].some((id) => /^\d|^__proto__$|^$/.test(id))) return undefined
    return describe(readSvidResponse(printed)) === describe(response) ? undefined : 'what was read and written reads back otherwise'
  },
  label: ({ update }: Read) => typeof update === 'string' ? update : 'an update',
  maxSteps: (octets) => 20_000 + 60 * octets
}

export const workloadFrames: Format = {
  name: 'workload-frames',
  seeds: [Buffer.concat(messages.slice(0, 2).map((message) => frame(message))), frame(Buffer.alloc(0)), frame(messages[0]!, 1), frame(messages[0]!, 0, 2 ** 31)],
  mutate: (seed, others, random) => mutateOctets(seed, others, random, WORDS),
  read: (input) => cut(input, input.length),
  isDocumented,
  check (whole: readonly Buffer[], input) {
    const framed = Buffer.concat(whole.map((message) => frame(message)))
    const rest = input.subarray(framed.length)
    if (!input.subarray(0, framed.length).equals(framed)) return 'the messages are not those of the input'
    if (rest.length >= 5 && rest.length >= 5 + rest.readUInt32BE(1)) return 'a whole message was left over'
    // However the bytes arrive, the messages are the same.
    for (const size of [1, 7, 64]) {
      if (input.length / size > 2_000) continue
      const pieces = cut(input, size)
      if (pieces.length !== whole.length || pieces.some((one, index) => !one.equals(whole[index] as Buffer))) return `pieces of ${size} octets give other messages`
    }
    return undefined
  },
  label: (found: readonly Buffer[]) => `${Math.min(found.length, 3)} messages`,
  maxSteps: (octets) => 2_000 + 60 * octets
}

function isDocumented (error: unknown): boolean { return hasCode(error, 'MTLS_ERR_SPIFFE_INVALID', 'MTLS_ERR_SPIFFE_WORKLOAD_API') }

function cut (input: Buffer, size: number): Buffer[] {
  const framer = new MessageFramer()
  const found: Buffer[] = []
  for (let at = 0; at < input.length; at += size) {
    framer.add(Buffer.from(input.subarray(at, at + size)))
    for (let message = framer.take(); message !== undefined; message = framer.take()) found.push(Buffer.from(message))
  }
  return found
}

function describe ({ svids, crls, federatedBundles }: SvidResponse): string {
  const hex = (_name: string, value: unknown): unknown => {
    return value instanceof Uint8Array || (value as { type?: unknown } | null)?.type === 'Buffer' ? Buffer.from((value as { data?: number[] }).data ?? value as Uint8Array).toString('hex') : value
  }
  return JSON.stringify([svids, crls, [...federatedBundles].sort(([one], [other]) => one < other ? -1 : 1)], hex)
}
