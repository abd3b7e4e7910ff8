import { test } from 'tap'
import { MAX_MESSAGE_OCTETS, MessageFramer } from '../../src/workload-api/message-framer.ts'
import { readSvidResponse } from '../../src/workload-api/messages.ts'
import { frame } from '../support/agent.ts'
import { field, text, varint, writeSvidResponse } from '../support/messages.ts'

const octets = (...values: readonly number[]): Buffer => Buffer.from(values)

test('a response', (t) => {
  const [certificates, key, bundle] = [octets(1), octets(2), octets(3)]
  const svid = { spiffeId: 'spiffe://prod.example/ä', certificates, key, bundle, hint: 'main' }
  const response = { svids: [svid, { hint: 'other' }], crls: [octets(9)], federatedBundles: { 'spiffe://a': octets(4, 5), 'spiffe://b': octets() } }
  t.match(readSvidResponse(writeSvidResponse(response)), {
    svids: [svid, { spiffeId: '', hint: 'other' }], crls: [octets(9)], federatedBundles: new Map([['spiffe://a', octets(4, 5)], ['spiffe://b', octets()]])
  })
  t.same(readSvidResponse(octets()), { svids: [], crls: [], federatedBundles: new Map() })
  t.equal(readSvidResponse(field(1, Buffer.concat([text(1, 'first'), text(1, 'second')]))).svids[0]?.spiffeId, 'second', 'of a field that comes twice the last one counts')
  t.end()
})

test('fields of later versions are skipped', (t) => {
  const more = Buffer.concat([varint(99 << 3), varint(300), varint(98 << 3 | 1), Buffer.alloc(8), varint(97 << 3 | 5), Buffer.alloc(4), field(96, octets(1))])
  const svid = field(1, Buffer.concat([more, text(1, 'spiffe://a/x'), more]))
  t.equal(readSvidResponse(Buffer.concat([more, svid, more])).svids[0]?.spiffeId, 'spiffe://a/x')
  t.end()
})

test('hostile bytes', (t) => {
  for (const [what, bytes, message] of [
    ['an end within a number', octets(0x80), /it ends within a number/],
    ['a number of 11 octets', octets(...Array(10).fill(0xff), 1), /more than 10 octets/],
    ['field 0', octets(0x02, 0), /field number 0/],
    ['a field number of 64 bits', octets(...Array(9).fill(0xff), 1), /field number/],
    ['a group', octets(0x0b), /wire type 3/],
    ['wire type 7', octets(0x0f), /wire type 7/],
    ['half a field', octets(0x0a, 5, 1), /a field has 5 octets, and 1 are left/],
    ['a length of 2^63', octets(0x0a, ...Array(9).fill(0xff), 0x7f), /and 0 are left/],
    ['half a fixed field', octets(0x09, 1), /a field has 8 octets/],
    ['an SVID that is a number', octets(0x08, 1), /field 1 is a number/],
    ['a CRL that is a number', octets(0x10, 1), /field 2 is a number/],
    ['an ID that is not UTF-8', field(1, field(1, octets(0xff))), /field 1 is not UTF-8/],
    ['an ID that is a number', field(1, octets(0x08, 1)), /field 1 is a number/],
    ['a bundle twice', Buffer.concat([field(3, Buffer.concat([text(1, 'spiffe://a'), field(2, octets(1))])), field(3, text(1, 'spiffe://a'))]), /two bundles for "spiffe:\/\/a"/],
    ['a bundle of nobody twice', Buffer.concat([field(3, field(2, octets(1))), field(3, field(2, octets(1)))]), /two bundles for ""/]
  ] as const) {
    t.throws(() => readSvidResponse(bytes), { code: 'MTLS_ERR_SPIFFE_INVALID', reason: 'malformed', message } as unknown as Error, what)
  }
  t.end()
})

function take (framer: MessageFramer): Buffer[] {
  const taken: Buffer[] = []
  for (let message = framer.take(); message !== undefined; message = framer.take()) taken.push(message)
  return taken
}

test('messages are cut out of the stream, however it is split', (t) => {
  const messages = [octets(1, 2, 3), octets(), Buffer.alloc(1_000, 7)]
  const stream = Buffer.concat(messages.map((message) => frame(message)))
  for (const size of [1, 2, 4, 5, 6, 7, 100, stream.length]) {
    const framer = new MessageFramer()
    const found: Buffer[] = []
    for (let at = 0; at < stream.length; at += size) {
      framer.add(stream.subarray(at, at + size))
      found.push(...take(framer))
    }
    t.same(found.map((message) => Buffer.from(message)), messages, `pieces of ${size}`)
  }
  t.end()
})

test('a message that is too long or compressed', (t) => {
  for (const [head, message] of [
    [frame(octets(), 1), /compression that was not offered/],
    [frame(octets(), 0x3c), /compression/],
    [frame(octets(), 0, MAX_MESSAGE_OCTETS + 1), /a message has 16777217 octets; at most 16777216/],
    [frame(octets(), 0, 0xffffffff), /at most/]
  ] as const) {
    const framer = new MessageFramer()
    framer.add(head)
    t.throws(() => framer.take(), { code: 'MTLS_ERR_SPIFFE_WORKLOAD_API', reason: 'protocol', message } as unknown as Error)
  }
  const longest = new MessageFramer()
  longest.add(frame(octets(), 0, MAX_MESSAGE_OCTETS))
  t.equal(longest.take(), undefined, 'the longest one may still come')
  t.end()
})
