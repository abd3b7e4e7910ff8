import { parsePeerIdentity } from '@peerkit/identity'
import { test } from 'tap'
import type { ChainValidator, ChainVerdict, ForwardedResult } from '../src/index.ts'
import { createForwardedReader } from '../src/index.ts'
import { ca, client, gateway, gateways, root } from './support/people.ts'
import { writers } from './support/writers.ts'

const passthrough = writers.find(({ name }) => name === 'aws-alb-passthrough')!
const rawHeaders = passthrough.write(client.der, [ca.der])
const valid = (until = Infinity): ChainVerdict => ({ valid: true, path: [ca.der, root.der], until })

interface World {
  read: () => ForwardedResult | Promise<ForwardedResult>
  calls: () => number
  at: (time: number) => void
}

function world (validator: ChainValidator): World {
  let time = Date.now()
  let calls = 0
  const counted: ChainValidator = {
    get generation () { return validator.generation ?? 0 },
    validate (leaf, intermediates) {
      calls++
      return validator.validate(leaf, intermediates)
    }
  }
  const reader = createForwardedReader({ format: 'aws-alb-passthrough', gateways, validator: counted, now: () => time })
  return {
    read: () => reader.read({ rawHeaders, sender: gateway, remoteAddress: '192.0.2.1' }),
    calls: () => calls,
    at: (next) => { time = next }
  }
}

test('the validator sees the exact bytes, and its path is the chain', async (t) => {
  const seen: Array<readonly Uint8Array[]> = []
  const { read } = world({
    validate (leaf, intermediates) {
      seen.push([leaf, ...intermediates])
      return valid()
    }
  })
  t.match(read(), {
    state: 'accepted',
    identity: {
      subject: { commonName: 'billing' },
      chain: [{ subject: { commonName: 'Issuing' } }, { subject: { commonName: 'Root' } }]
    }
  })
  t.same(seen, [[Buffer.from(client.der), Buffer.from(ca.der)]])
})

test('what it accepts is remembered until its answer ends or the trust moves', async (t) => {
  let generation = 1
  const start = Date.now()
  const { read, calls, at } = world({ get generation () { return generation }, validate: () => valid(start + 5_000) })
  const [first, second] = [read(), read()] as ForwardedResult[]
  t.ok(first?.state === 'accepted' && second?.state === 'accepted' && first.identity === second.identity)
  t.equal(calls(), 1)
  generation = 2
  t.match(read(), { state: 'accepted' })
  t.equal(calls(), 2)
  at(start + 5_000)
  t.match(read(), { state: 'accepted' })
  t.equal(calls(), 3)
})

test('what it refuses is refused for ten seconds without another look, and no longer', async (t) => {
  const start = Date.now()
  let generation = 1
  let verdict: ChainVerdict = { valid: false, reason: 'unknown_anchor' }
  const { read, calls, at } = world({ get generation () { return generation }, validate: () => verdict })
  t.match(read(), { state: 'refused', reason: 'bad_chain', detail: 'unknown_anchor' })
  verdict = valid()
  t.match(read(), { state: 'refused' })
  t.equal(calls(), 1)
  generation = 2
  t.match(read(), { state: 'accepted' })
  verdict = { valid: false, reason: 'revoked', detail: 'by CRL' }
  generation = 3
  t.match(read(), { state: 'refused', reason: 'revoked', detail: 'by CRL' })
  verdict = valid()
  at(start + 20_000)
  t.match(read(), { state: 'accepted' })
})

test('a word of the vocabulary is the reason, and any other word of the validator is a bad chain', async (t) => {
  t.match(
    world({ validate: () => ({ valid: false, reason: 'weak', step: 'key_refused', detail: 'CN=billing' }) }).read(),
    { reason: 'weak', detail: 'key_refused: CN=billing' }
  )
  for (const [said, reason] of [['revoked', 'revoked'], ['revocation_unknown', 'revocation_unknown'], ['expired', 'expired'], ['timeout', 'bad_chain'], ['constructor', 'bad_chain']] as const) {
    t.same(world({ validate: () => ({ valid: false, reason: said, detail: 'CN=billing' }) }).read(), {
      state: 'refused', reason, header: 'x-amzn-mtls-clientcert', detail: said === reason ? 'CN=billing' : `${said}: CN=billing`
    })
  }
})

test('the leaf is not read again where the validator has read it, and comes by way of the gateway ' +
  'all the same', async (t) => {
  const peer = parsePeerIdentity(client.der)
  const path = [ca, root].map(({ der }) => parsePeerIdentity(der))
  const result = world({ validate: () => ({ valid: true, path, until: Infinity, peer }) }).read()
  t.match(
    result,
    { state: 'accepted', identity: { fingerprint256: peer.fingerprint256, source: 'forwarded', via: [gateway] } }
  )
  if (!('state' in result) || result.state !== 'accepted') return
  t.same(result.identity.raw, peer.raw)
  t.equal(result.identity.chain?.[0], path[0])
  t.equal(result.identity.chain?.[1], path[1])
  t.match(peer, { source: 'tls', chain: undefined }, 'the identity that the validator keeps is not touched')
})

test('a validator that answers later is waited for; one that fails has not said yes', async (t) => {
  t.match(await world({ validate: async () => valid() }).read(), { state: 'accepted' })
  t.match(await world({ validate: async () => { throw new Error('x') } }).read(), { state: 'refused', reason: 'bad_chain', detail: 'the validator failed' })
  t.match(await world({ validate: () => { throw new Error('x') } }).read(), { state: 'refused', reason: 'bad_chain' })
  t.match(await world({ validate: () => ({}) as ChainVerdict }).read(), { state: 'refused', reason: 'bad_chain' })
  t.match(await world({ validate: () => ({ valid: true, path: [Uint8Array.of(1)], until: Infinity }) }).read(), { state: 'refused', reason: 'unreadable' })
})

test('an answer that the trust overtook is asked for again, and in the end refused', async (t) => {
  let generation = 1
  const once = world({
    get generation () { return generation },
    async validate () {
      if (generation++ === 1) return valid()
      generation--
      return { valid: false, reason: 'revoked' }
    }
  })
  t.match(await once.read(), { state: 'refused', reason: 'revoked', detail: undefined })
  t.equal(once.calls(), 2)
  const restless = world({
    get generation () {
      return generation
    },
    async validate () { generation++; return valid() }
  })
  t.match(await restless.read(), { state: 'refused', detail: 'the trust anchors changed during each validation' })
  t.equal(restless.calls(), 3)
})

test('a verdict that another realm or library promises is awaited as any other', async (t) => {
  const promise = (verdict: ChainVerdict): Promise<ChainVerdict> => ({ then: (resolve: (verdict: ChainVerdict) => void) => { resolve(verdict) } }) as Promise<ChainVerdict>
  t.match(await world({ validate: () => promise(valid()) }).read(), { state: 'accepted' })
  t.match(await world({ validate: () => promise({ valid: false, reason: 'revoked' }) }).read(), { state: 'refused', reason: 'revoked' })
  const failing = { then: (_: unknown, reject: (error: Error) => void) => { reject(new Error('x')) } } as Promise<ChainVerdict>
  t.match(await world({ validate: () => failing }).read(), { state: 'refused', reason: 'bad_chain', detail: 'the validator failed' })
})

test('clients that are refused evict none that are accepted', async (t) => {
  const isFriend = (leaf: Uint8Array): boolean => Buffer.compare(leaf, client.der) === 0
  const asked: boolean[] = []
  const reader = createForwardedReader({
    format: 'aws-alb-passthrough',
    gateways,
    cacheSize: 4,
    validator: {
      validate (leaf) {
        asked.push(isFriend(leaf))
        return isFriend(leaf) ? valid() : { valid: false, reason: 'unknown_ca' }
      }
    }
  })
  const read = async (der: Uint8Array): Promise<string> => {
    const headers = passthrough.write(der, [ca.der])
    return (await reader.read({ rawHeaders: headers, sender: gateway, remoteAddress: '192.0.2.1' })).state
  }
  t.equal(await read(client.der), 'accepted')
  const strangers = await Promise.all(Array.from({ length: 9 }, async () => (await ca.issue({ cn: 'stranger' })).der))
  for (const der of [...strangers, ...strangers.slice(-4)]) t.equal(await read(der), 'refused')
  t.equal(await read(client.der), 'accepted')
  t.strictSame(asked, [true, ...strangers.map(() => false)], 'nobody is validated again: both kinds are remembered')
})
