import { createDevCa } from '@peerkit/dev-ca'
import { test } from 'tap'
import type { ForwardedResult } from '../src/index.ts'
import { createForwardedReader } from '../src/index.ts'
import { ca, client, gateway, gateways, root } from './support/people.ts'
import { writers } from './support/writers.ts'

const DAY = 86_400_000

test('a certificate that a gateway verified once is looked at again with each request', async (t) => {
  let time = Date.now()
  const reader = createForwardedReader({ format: 'rfc9440', gateways, now: () => time })
  const { write } = writers[0]!
  const read = (): ForwardedResult =>
    reader.read({ rawHeaders: write(client.der, []), sender: gateway, remoteAddress: undefined }) as ForwardedResult
  t.match(read(), { state: 'accepted' })
  time += 8 * DAY
  t.match(read(), { state: 'refused', reason: 'expired', header: 'client-cert' })
  time -= 16 * DAY
  t.match(read(), { state: 'refused', reason: 'not_yet_valid' })
  time += 8 * DAY
  t.match(read(), { state: 'accepted' })
})

test('what a client sent along is no chain: nobody verified its signatures', async (t) => {
  const reader = createForwardedReader({ format: 'rfc9440', gateways })
  const namesake = await (await createDevCa({ name: 'Root' })).intermediate({ name: 'Issuing' })
  for (const sent of [[ca.der, root.der], [ca.der], [root.der], [ca.der, client.der, root.der], [namesake.der], []]) {
    const rawHeaders = writers[0]!.write(client.der, sent)
    const result = reader.read({ rawHeaders, sender: gateway, remoteAddress: undefined }) as ForwardedResult
    t.match(result, { state: 'accepted', identity: { chain: undefined } })
    t.same(
      result.state === 'accepted' && result.sent, sent.map((der) => Buffer.from(der)), 'in the order of the header'
    )
  }
})

test('a CA that has ended beside a client says nothing of the client: a validator, where there is one, knows ' +
  'another way', async (t) => {
  const gone = await root.intermediate({
    name: 'Gone', notBefore: new Date(Date.now() - 2 * DAY), notAfter: new Date(Date.now() - DAY)
  })
  const rawHeaders = writers[0]!.write(client.der, [gone.der])
  const read = (more: object): object => createForwardedReader({ format: 'rfc9440', gateways, ...more }).read({
    rawHeaders, sender: gateway, remoteAddress: undefined
  })
  t.match(read({}), { state: 'accepted' })
  t.match(read({
    verification: 'in-process',
    validator: { validate: () => ({ valid: true, path: [ca.der, root.der], until: Infinity }) }
  }), { state: 'accepted' })
})

test('a CA\'s own certificate is no client\'s, whatever the gateway thinks', async (t) => {
  for (const writer of writers.filter(({ verifies }) => verifies)) {
    const reader = createForwardedReader({ ...writer.options, gateways })
    t.match(
      reader.read({ rawHeaders: writer.write(ca.der, []), sender: gateway, remoteAddress: undefined }),
      { state: 'refused', reason: 'ca_as_leaf' },
      writer.name
    )
  }
})
