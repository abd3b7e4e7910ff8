import { createDevCa } from '@peerkit/dev-ca'
import { createForwardedReader } from '@peerkit/forwarded'
import type { ChainValidator, ForwardedReaderOptions } from '@peerkit/forwarded'
import type { PeerIdentity } from '@peerkit/identity'
import type { RevocationChecker, RevocationStatus } from '@peerkit/revocation'
import { createPathValidator } from '@peerkit/trust'
import { test } from 'tap'
import { startBehind, told, trusted } from './support/gateway.ts'
import { call } from './support/world.ts'

const REFUSED = { status: 401, body: { code: 'MTLS_ERR_FORWARDED_REFUSED' } }
const GOOD: RevocationStatus = { state: 'good', source: 'ocsp', until: Infinity }

interface Checker { readonly checker: RevocationChecker, readonly asked: string[], epoch: number }

/** Knows the gateway as good, and asks `answer` about everybody else. */
function checkerOf (answer: (name: string) => RevocationStatus | Promise<RevocationStatus>, permits = (status: RevocationStatus): boolean => status.state === 'good'): Checker {
  const state: Checker = {
    asked: [],
    epoch: 1,
    checker: {
      get epoch () { return state.epoch },
      check ({ subject }: PeerIdentity) {
        const name = subject?.commonName ?? ''
        if (name === 'gateway') return GOOD
        state.asked.push(name)
        return answer(name)
      },
      permits,
      subscribe: () => () => {},
      close: async () => {}
    } as RevocationChecker
  }
  return state
}

test('a client is asked about once, until the trust changes, also where the answer comes later', async (t) => {
  const state = checkerOf(async (name) => name === 'bad' ? { state: 'revoked', source: 'ocsp', reason: undefined, revokedAt: undefined } : GOOD)
  const world = await startBehind(t, {}, { settings: { revocation: state.checker } })
  const [good, bad] = [await world.ca.issue({ cn: 'good' }), await world.ca.issue({ cn: 'bad' })]
  for (const turn of [1, 2]) {
    t.match(await call(world, world.gateway, { headers: told(good) }), { status: 200, body: { cn: 'good' } }, `${turn}`)
    t.match(await call(world, world.gateway, { headers: told(bad) }), REFUSED, `${turn}`)
  }
  t.same(state.asked, ['good', 'bad'])
  state.epoch++
  t.match(await call(world, world.gateway, { headers: told(good) }), { status: 200 })
  t.same(state.asked, ['good', 'bad', 'good'])
  t.same(world.refused.map(({ reason }) => reason), ['revoked', 'revoked'])
})

test('a client is refused where no answer comes, the answer fails, or the trust changes again and again', async (t) => {
  const state = checkerOf((name) => {
    if (name === 'silent') return new Promise(() => {})
    if (name === 'rejects') return Promise.reject(new Error('x'))
    if (name === 'overtaken') return Promise.resolve().then(() => { state.epoch++; return GOOD })
    return GOOD
  })
  const world = await startBehind(t, {}, { settings: { revocation: state.checker, revocationTimeout: 50 } })
  for (const cn of ['silent', 'rejects', 'overtaken']) t.match(await call(world, world.gateway, { headers: told(await world.ca.issue({ cn })) }), REFUSED, cn)
  t.match(world.refused.map(({ reason }) => reason), ['timeout', 'revocation_unknown', 'revocation_unknown'])
})

test('a soft policy lets an unknown client pass, and asks again after a minute', async (t) => {
  let ahead = 0
  const state = checkerOf(() => ({ state: 'unknown', why: 'unreachable' }) as RevocationStatus, () => true)
  const world = await startBehind(t, {}, { settings: { revocation: state.checker, now: () => Date.now() + ahead } })
  const behind = await world.ca.issue({ cn: 'behind' })
  for (const minute of [0, 0, 1.1, 1.1]) {
    ahead = minute * 60_000
    t.match(await call(world, world.gateway, { headers: told(behind) }), { status: 200 })
  }
  t.same(state.asked, ['behind', 'behind'])
})

test('an answer counts until it ends, and no longer, whoever builds the path', async (t) => {
  for (const forwarded of [{}, { verification: 'in-process' }] as ReadonlyArray<Partial<ForwardedReaderOptions>>) {
    const start = Date.now()
    let time = start
    let answer: RevocationStatus = { state: 'good', source: 'ocsp', until: start + 60_000 }
    const state = checkerOf(() => answer)
    const world = await startBehind(t, forwarded, { settings: { revocation: state.checker, now: () => time } })
    const behind = await world.ca.issue({ cn: 'behind' })
    const what = forwarded.verification ?? 'gateway'
    for (const passed of [0, 59_000]) {
      time = start + passed
      t.match(await call(world, world.gateway, { headers: told(behind) }), { status: 200 }, `${what}, ${passed} ms`)
    }
    t.same(state.asked, ['behind'], `${what}: asked once while the answer counts`)
    answer = { state: 'revoked', source: 'ocsp', reason: undefined, revokedAt: undefined }
    time = start + 61_000
    t.match(await call(world, world.gateway, { headers: told(behind) }), REFUSED, `${what}: after it`)
    t.match(world.refused, [{ reason: 'revoked' }])
  }
})

test('every checker has its say about a path that another validator has accepted', async (t) => {
  const state = checkerOf((name) => name === 'bad' ? { state: 'revoked', source: 'ocsp', reason: undefined, revokedAt: undefined } : GOOD)
  const [ca, elsewhere] = [await createDevCa(), await createDevCa({ name: 'Elsewhere' })]
  const validator = { validate: () => ({ valid: true, path: [elsewhere.der], until: Infinity }) as const }
  const options = { ca, settings: { revocation: state.checker } }
  const inProcess = { verification: 'in-process', validator } as const
  const [good, bad] = [await elsewhere.issue({ cn: 'good' }), await elsewhere.issue({ cn: 'bad' })]
  const alone = await startBehind(t, inProcess, options)
  t.match(await call(alone, alone.gateway, { headers: told(good) }), { status: 200 })
  // The CRL of the credentials is of another CA, so that its checker does not know.
  const both = await startBehind(t, inProcess, { ...options, crl: true })
  t.match(await call(both, both.gateway, { headers: told(good) }), REFUSED, 'one that does not know is enough')
  t.match(await call(both, both.gateway, { headers: told(bad) }), REFUSED, 'and so is one that knows')
  t.match(both.refused, [{ reason: 'revocation_unknown' }, { reason: 'revoked' }])
})

test('whether an answer has ended is told by the clock of the server, for the path of another validator too', async (t) => {
  const day = 86_400_000
  let status: RevocationStatus = GOOD
  const state = checkerOf(() => status)
  const [ca, elsewhere] = [await createDevCa(), await createDevCa({ name: 'Elsewhere' })]
  const validator = { validate: () => ({ valid: true, path: [elsewhere.der], until: Infinity }) as const }
  const settings = { revocation: state.checker, now: () => Date.now() + day }
  const world = await startBehind(t, { verification: 'in-process', validator }, { ca, settings })
  for (const [cn, until, answer] of [['ended', day / 2, REFUSED], ['good', 1.5 * day, { status: 200 }]] as const) {
    status = { state: 'good', source: 'ocsp', until: Date.now() + until }
    t.match(await call(world, world.gateway, { headers: told(await elsewhere.issue({ cn })) }), answer, cn)
  }
  t.match(world.refused, [{ reason: 'revocation_unknown' }])
})

test('a client is refused where the policy throws', async (t) => {
  const { checker } = checkerOf(() => ({ state: 'unknown', why: 'x' }) as RevocationStatus, (status) => {
    if (status.state === 'good') return true
    throw new Error('x')
  })
  const world = await startBehind(t, {}, { settings: { revocation: checker } })
  t.match(await call(world, world.gateway, { headers: told(await world.ca.issue({ cn: 'behind' })) }), REFUSED)
  t.match(world.refused, [{ reason: 'revocation_unknown' }])
})

test('the checker is asked also where another validator has accepted the path', async (t) => {
  const revoked: RevocationStatus = { state: 'revoked', source: 'ocsp', reason: undefined, revokedAt: undefined }
  const state = checkerOf((name) => name === 'bad' ? revoked : GOOD)
  const ca = await createDevCa()
  const elsewhere = await createDevCa({ name: 'Elsewhere' })
  const validator = { validate: () => ({ valid: true, path: [elsewhere.der], until: Infinity }) as const }
  const world = await startBehind(t, { verification: 'in-process', validator }, { ca, settings: { revocation: state.checker } })
  for (const [issuer, cn, status] of [[ca, 'good', 200], [ca, 'bad', 401], [elsewhere, 'good', 200], [elsewhere, 'bad', 401]] as const) {
    t.match(await call(world, world.gateway, { headers: told(await issuer.issue({ cn })) }), { status }, cn)
  }
  t.same(world.refused.map(({ reason }) => reason), ['revoked', 'revoked'])
  t.match(await call(world, world.gateway, { headers: told(await elsewhere.issue({ cn: 'good' })) }), { status: 200 })
})

test('the built-in validator asks the checker once for each client', async (t) => {
  const state = checkerOf(() => GOOD)
  const world = await startBehind(t, { verification: 'in-process' }, { settings: { revocation: state.checker } })
  const behind = await world.ca.issue({ cn: 'behind' })
  for (const turn of [1, 2]) t.match(await call(world, world.gateway, { headers: told(behind) }), { status: 200, body: { cn: 'behind' } }, `${turn}`)
  t.same(state.asked, ['behind'])
})

test('revocationTimeout holds for every kind of verification, and an answer that came too late counts for the next request', async (t) => {
  const ca = await createDevCa()
  const behind = await ca.issue({ cn: 'behind' })
  let answer: (status: RevocationStatus) => void = () => {}
  const state = checkerOf(() => new Promise((resolve) => { answer = resolve }))
  const validator = (): ChainValidator => createPathValidator({ anchors: () => [ca.der], revocation: state.checker })
  const inProcess = { verification: 'in-process', format: 'rfc9440', gateways: trusted } as const
  for (const [kind, forwarded, isAskedTwice] of [
    ['by the gateway', {}, false],
    ['in process', inProcess, false],
    ['by another validator', { ...inProcess, validator: validator() }, true],
    ['by a reader of one\'s own', createForwardedReader({ ...inProcess, validator: validator() }), true]
  ] as const) {
    const world = await startBehind(t, forwarded as Partial<ForwardedReaderOptions>, { ca, settings: { revocation: state.checker, revocationTimeout: 50 } })
    const ask = async (): Promise<object> => await call(world, world.gateway, { headers: told(behind) })
    t.match(await ask(), REFUSED, kind)
    t.match(world.refused, [{ reason: 'timeout', header: 'client-cert', detail: 'no answer about revocation came in time' }], kind)
    answer(GOOD)
    // The server then asks for itself, beside the validator.
    if (isAskedTwice) {
      t.match(await ask(), REFUSED, kind)
      answer(GOOD)
    }
    t.match(await ask(), { status: 200, body: { cn: 'behind' } }, kind)
  }
})

test('an answer that the trust has overtaken counts for no client, also where another validator built the path', async (t) => {
  const state = checkerOf((name) => {
    if (name === 'overtaken') return Promise.resolve().then(() => { state.epoch++; return GOOD })
    return Promise.resolve(GOOD)
  })
  const [ca, elsewhere] = [await createDevCa(), await createDevCa({ name: 'Elsewhere' })]
  const validator = { validate: () => ({ valid: true, path: [elsewhere.der], until: Infinity }) as const }
  const world = await startBehind(t, { verification: 'in-process', validator }, { ca, settings: { revocation: state.checker } })
  for (const [cn, status] of [['steady', 200], ['overtaken', 401]] as const) {
    t.match(await call(world, world.gateway, { headers: told(await elsewhere.issue({ cn })) }), { status }, cn)
  }
  t.same(world.refused.map(({ reason }) => reason), ['revocation_unknown'])
})
