import { once } from 'node:events'
import { createPartialIdentity, parsePeerIdentity } from '@peerkit/identity'
import { mock } from 'node:test'
import { test } from 'tap'
import { crlChecker, crlUrlChecker, loadCrl, loadCrlChecker, ocspChecker } from '../src/index.ts'
import { craftCrl, distributionPoint, entry, extension, integer, reasonCode } from './support/craft.ts'
import { HOUR, makeClock } from './support/clock.ts'
import { makeCa, wrapCa } from './support/identities.ts'

test('says revoked with reason and date, and good until nextUpdate', async (t) => {
  const { ca, identity, leaf } = await makeCa()
  const bad = await leaf('bad')
  const fine = await leaf('fine')
  const date = new Date('2026-01-02T03:04:05Z')
  ca.revoke(bad.serialNumber, { reason: 'keyCompromise', date })
  const nextUpdate = new Date(Math.floor(Date.now() / 1000) * 1000 + HOUR)
  const { der, pem } = await ca.crl({ nextUpdate })
  const good = { state: 'good', source: 'crl', until: nextUpdate.getTime() }
  for (const crl of [der, pem, Buffer.from(pem), await loadCrl(der, { issuers: [identity] })]) {
    const checker = crlChecker({ crls: [crl], issuers: [identity] })
    t.same(
      checker.check(bad.identity, identity),
      { state: 'revoked', source: 'crl', reason: 'keyCompromise', revokedAt: date.getTime() }
    )
    t.same(checker.check(fine.identity, identity), good)
    t.same(checker.check(fine.identity, undefined), good, 'by the name of its issuer')
    await checker.close()
    t.same(checker.check(fine.identity, identity), { state: 'unknown', why: 'closed', detail: 'the checker is closed' })
    t.same(checker.lists, [])
  }
})

test('says unknown where a certificate has no serial, no issuer, another issuer, or an issuer ' +
  'without a list', async (t) => {
  const { ca, identity, leaf } = await makeCa()
  const other = await makeCa({ name: 'Other' })
  const twin = await makeCa()
  const checker = crlChecker({ crls: [craftCrl({ ca })], issuers: [identity] })
  const peer = (await leaf('fine')).identity
  t.match(
    checker.check(createPartialIdentity({ issuer: peer.issuer!, fingerprint256: peer.fingerprint256! }), identity),
    { why: 'serial_unknown' }
  )
  t.match(checker.check(createPartialIdentity({ serialNumber: '01' }), undefined), { why: 'issuer_unknown' })
  t.match(checker.check(peer, other.identity), { why: 'issuer_mismatch' })
  t.match(checker.check((await other.leaf('x')).identity, other.identity), { why: 'no_crl' })
  t.match(
    checker.check((await twin.leaf('x')).identity, twin.identity), { why: 'no_crl' },
    'the list of a CA of the same name and another key'
  )
  t.match(
    checker.check(createPartialIdentity({ serialNumber: '01', issuer: peer.issuer! }), undefined),
    { state: 'good' },
    'a partial identity by serial and issuer'
  )
  await checker.close()
})

test('without the issuer, all CAs of its name must say good, and one is enough for revoked', async (t) => {
  const one = await makeCa()
  const two = await makeCa()
  const clock = makeClock()
  const listed = (await one.leaf('listed')).identity
  const peer = (await one.leaf('peer')).identity
  const lists = (nextUpdate: Date) => [
    craftCrl({ ca: one.ca }),
    craftCrl({ ca: two.ca, nextUpdate, entries: [entry(listed.serialNumber!.replace(/^(?=[89a-f])/, '00'))] })
  ]
  const checker = crlChecker({
    crls: lists(new Date(clock.now() + 60_000)), issuers: [one.identity, two.identity], now: clock.now
  })
  t.match(checker.check(listed, undefined), { state: 'revoked' })
  t.match(
    checker.check(listed, one.identity), { state: 'revoked' }, 'a CA that has changed its key revokes under its name'
  )
  t.match(
    checker.check(peer, undefined), { state: 'good', until: clock.now() + 60_000 }, 'until the first of them ends'
  )
  clock.advance(60_000)
  t.match(checker.check(peer, undefined), { why: 'crl_expired' })
  t.match(checker.check(peer, one.identity), { state: 'good' })
  t.match(checker.check(listed, undefined), { state: 'revoked' }, 'a list that ended still knows who was revoked')
  await checker.close()
})

test('a list ends with nextUpdate, to the second, and begins with thisUpdate, less the clock skew', async (t) => {
  const { ca, identity, leaf } = await makeCa()
  const clock = makeClock()
  const start = clock.now()
  const peer = (await leaf('peer')).identity
  const crl = craftCrl({ ca, thisUpdate: new Date(start + 120_000), nextUpdate: new Date(start + HOUR) })
  const checker = crlChecker({ crls: [crl], issuers: [identity], now: clock.now, clockSkew: 60_000 })
  const before = checker.epoch
  t.match(checker.check(peer, identity), { state: 'unknown', why: 'crl_not_yet_valid' })
  clock.advance(60_000)
  t.not(checker.epoch, before, 'the epoch moves when the list begins, timer or not')
  t.match(checker.check(peer, identity), { state: 'good' })
  const during = checker.epoch
  clock.set(start + HOUR - 1)
  t.equal(checker.epoch, during)
  t.match(checker.check(peer, identity), { state: 'good' })
  clock.set(start + HOUR)
  t.not(checker.epoch, during, 'and when it ends')
  t.match(checker.check(peer, identity), { state: 'unknown', why: 'crl_expired' })
  await checker.close()
})

test('tells subscribers by a timer when a list ends, and holds no process for it', async (t) => {
  const { ca, identity } = await makeCa()
  mock.timers.enable({ apis: ['setTimeout', 'Date'], now: Date.now() })
  t.teardown(() => { mock.timers.reset() })
  const checker = crlChecker({
    crls: [craftCrl({ ca, nextUpdate: new Date(Date.now() + 3 * HOUR) })], issuers: [identity]
  })
  let calls = 0
  const end = checker.subscribe(() => { calls++ })
  mock.timers.tick(2 * HOUR)
  t.equal(calls, 0)
  mock.timers.tick(HOUR)
  t.equal(calls, 1)
  checker.replace([craftCrl({ ca })])
  t.equal(calls, 2)
  end()
  checker.replace([craftCrl({ ca })])
  t.equal(calls, 2)
  await checker.close()
})

test('a listener that throws does not keep the others from hearing, and is warned of', async (t) => {
  const { ca, identity } = await makeCa()
  const checker = crlChecker({ crls: [], issuers: [identity] })
  const warned = once(process, 'warning')
  let calls = 0
  checker.subscribe(() => { throw new Error('of the listener') })
  checker.subscribe(() => { calls++ })
  checker.replace([craftCrl({ ca })])
  t.equal(calls, 1)
  t.match(await warned, [{ message: /of the listener/ }])
  await checker.close()
})

test('replaces all lists or none', async (t) => {
  const { ca, identity, leaf } = await makeCa()
  const other = await makeCa({ name: 'Other' })
  const peer = await leaf('peer')
  ca.revoke(peer.serialNumber)
  const revoked = (await ca.crl()).pem
  const checker = crlChecker({ crls: [craftCrl({ ca })], issuers: [identity] })
  const epoch = checker.epoch
  for (const crls of [[revoked, 'rubbish'], [revoked, craftCrl({ ca: other.ca })], [revoked.slice(0, 200)]]) {
    t.throws(() => { checker.replace(crls) }, { code: 'MTLS_ERR_CRL_INVALID' })
    await t.rejects(checker.load(crls), { code: 'MTLS_ERR_CRL_INVALID' })
    t.equal(checker.epoch, epoch)
    t.match(checker.check(peer.identity, identity), { state: 'good' })
  }
  checker.replace([revoked, craftCrl({ ca: other.ca })], [identity, other.identity])
  t.match(checker.check(peer.identity, identity), { state: 'revoked' })
  t.ok(checker.epoch > epoch)
  t.equal(checker.lists.length, 2)
  t.throws(() => {
    checker.replace([revoked], [other.identity])
  }, { code: 'MTLS_ERR_CRL_INVALID', reason: 'issuer_unknown' }, 'a removed CA\'s list')
  await checker.close()
})

test('of loads that overlap the last one asked for wins', async (t) => {
  const { ca, identity, leaf } = await makeCa()
  const peer = await leaf('peer')
  const checker = await loadCrlChecker({ crls: [craftCrl({ ca })], issuers: [identity] })
  const many = Array.from({ length: 30_000 }, (_, i) => entry(`7000${i.toString(16).padStart(8, '0')}`))
  ca.revoke(peer.serialNumber)
  const slow = checker.load([craftCrl({ ca, entries: many })])
  const quick = checker.load([(await ca.crl()).der])
  await Promise.all([slow, quick])
  t.match(checker.check(peer.identity, identity), { state: 'revoked' })
  const late = checker.load([craftCrl({ ca, entries: many })])
  await checker.close()
  await late
  t.same(checker.lists, [], 'nothing comes to life after close')
  checker.replace([craftCrl({ ca })])
  t.same(checker.lists, [])
})

test('applies a delta CRL to its complete one', async (t) => {
  const { ca, identity, leaf } = await makeCa()
  const clock = makeClock()
  const [fine, old, held, fresh] = [await leaf('fine'), await leaf('old'), await leaf('held'), await leaf('new')]
  const peers = [fine, old, held, fresh]
  const der = (peer: typeof fine, ...extensions: Uint8Array[]) =>
    entry(peer.serialNumber.replace(/^(?=[89a-f])/, '00'), extensions.length === 0 ? {} : { extensions })
  const base = (number: number | undefined, more = {}) => craftCrl({
    ca, ...(number === undefined ? {} : { number }), entries: [der(old), der(held, reasonCode(6))], ...more
  })
  const delta = (number: number, baseNumber: number, more = {}) => craftCrl({
    ca,
    number,
    extensions: [extension('2.5.29.27', true, integer(baseNumber))],
    entries: [der(fresh), der(held, reasonCode(8))],
    ...more
  })
  const status = (...crls: Uint8Array[]) => {
    const checker = crlChecker({ crls, issuers: [identity], now: clock.now })
    return peers.map((peer) => {
      const answer = checker.check(peer.identity, identity)
      return answer.state === 'unknown' ? answer.why : answer.state
    })
  }
  const ago = { thisUpdate: new Date(clock.now() - HOUR) }
  t.same(status(base(5)), ['good', 'revoked', 'revoked', 'good'])
  t.same(status(base(5), delta(6, 5)), ['good', 'revoked', 'good', 'revoked'])
  t.same(status(delta(7, 3), base(5)), ['good', 'revoked', 'good', 'revoked'], 'a delta to an earlier one')
  t.same(
    status(base(6, ago), delta(6, 5, ago)), ['good', 'revoked', 'revoked', 'good'],
    'a delta the complete one has overtaken'
  )
  t.same(
    status(base(5), delta(6, 5), delta(7, 5, { entries: [] })), ['good', 'revoked', 'revoked', 'good'],
    'the newest delta'
  )
  t.same(
    status(base(4, { entries: [] }), base(5), delta(6, 5)), ['good', 'revoked', 'good', 'revoked'],
    'the newest complete one'
  )
  t.same(
    status(base(undefined, { thisUpdate: new Date(clock.now() - HOUR) }), base(undefined)),
    ['good', 'revoked', 'revoked', 'good'],
    'by their time where they have no number'
  )
  t.same(
    status(base(5), delta(6, 5, { nextUpdate: new Date(clock.now() - 1000) })),
    ['crl_expired', 'revoked', 'revoked', 'revoked'],
    'a delta that ended leaves nothing good, and takes nothing back'
  )
  t.same(status(
    base(5), delta(6, 5, { entries: [der(held, reasonCode(8)), der(held, reasonCode(1)), der(held, reasonCode(8))] })
  )[2], 'revoked', 'of two words the harsher counts')
  for (const crls of [
    [delta(6, 5)], [base(4), delta(6, 5)], [base(undefined), delta(6, 5)],
    [base(5, { number: 5, extensions: [distributionPoint(undefined, { 1: true })] }), delta(6, 5)]
  ]) {
    t.throws(() => status(...crls), { code: 'MTLS_ERR_CRL_INVALID', reason: 'delta_without_base' })
  }
  t.end()
})

test('keeps to the scope of a list', async (t) => {
  const { ca, identity } = await makeCa()
  const intermediate = wrapCa(await ca.intermediate())
  const peer = parsePeerIdentity((await ca.issue({ cn: 'x', crlUrls: ['http://crl.example/1.crl'] })).der)
  const plain = parsePeerIdentity((await ca.issue({ cn: 'x' })).der)
  const ask = (...points: Uint8Array[]) => {
    const checker = crlChecker({
      crls: points.map((point) => craftCrl({ ca, extensions: [point] })), issuers: [identity]
    })
    return [peer, plain, intermediate.identity, createPartialIdentity({
      serialNumber: '01', issuer: peer.issuer!
    })].map((certificate) => {
      const status = checker.check(certificate, identity)
      return status.state === 'unknown' ? status.why : status.state
    })
  }
  t.same(ask(distributionPoint(undefined, { 1: true })), ['good', 'good', 'out_of_scope', 'out_of_scope'])
  t.same(ask(distributionPoint(undefined, { 2: true })), ['out_of_scope', 'out_of_scope', 'good', 'out_of_scope'])
  t.same(ask(distributionPoint('http://crl.example/1.crl')), ['good', 'out_of_scope', 'out_of_scope', 'out_of_scope'])
  t.same(
    ask(distributionPoint('http://crl.example/2.crl')), ['out_of_scope', 'out_of_scope', 'out_of_scope', 'out_of_scope']
  )
  t.same(
    ask(distributionPoint(undefined, { 1: true }), distributionPoint(undefined, { 2: true })).slice(0, 3),
    ['good', 'good', 'good'],
    'two lists that complement each other'
  )
})

test('refuses options it does not know or cannot use', async (t) => {
  const { ca, identity } = await makeCa()
  const base = { crls: [], issuers: [identity] }
  for (const [options, message] of [
    [{ ...base, polices: 'soft' }, /did you mean "policy"/],
    [{ ...base, frobnicate: 1 }, /unknown option "frobnicate" for crlChecker; expected one of crls/],
    [{ ...base, clockSkew: -1 }, /clockSkew is -1; expected milliseconds from 0/],
    [{ ...base, clockSkew: Infinity }, /clockSkew is Infinity/],
    [{ ...base, now: 5 }, /now is 5; expected a function/],
    [{ ...base, crls: 'x' }, /crls is "x"; expected a list of CRLs/],
    [{ crls: [] }, /issuers is missing; expected a list of certificates/],
    [null, /options of crlChecker is null/],
    [{ ...base, policy: 'lax' }, /policy is "lax"/],
    [{ ...base, policy: 5 }, /policy is 5/],
    [{ ...base, policy: { defaults: 'hard' } }, /unknown option "defaults" for policy/],
    [{ ...base, policy: { issuers: { 'CN=x': 'lax' } } }, /policy.issuers\["CN=x"\] is "lax"/]
  ] as const) {
    t.throws(() => crlChecker(options as never), { code: 'MTLS_ERR_REVOCATION_OPTION', message })
  }
  t.throws(
    () => crlChecker({ crls: [craftCrl({ ca })], issuers: [createPartialIdentity({ subject: identity.subject! })] }),
    { code: 'MTLS_ERR_REVOCATION_OPTION', message: /partial identity/ }
  )
})

test('lists of none of the issuers are refused, or left out and named', async (t) => {
  const { ca, identity, leaf } = await makeCa()
  const other = await makeCa({ name: 'Other' })
  const [own, foreign] = [await ca.crl(), await other.ca.crl()]
  const crls = [own.pem + foreign.pem, foreign.der]
  t.throws(() => crlChecker({ crls, issuers: [identity] }), { code: 'MTLS_ERR_CRL_INVALID', reason: 'issuer_unknown' })
  t.throws(
    () => crlChecker({ crls, issuers: [identity], foreignCrls: 'drop' as 'ignore' }),
    { message: /foreignCrls is "drop"/ }
  )
  const checker = crlChecker({ crls, issuers: [identity], foreignCrls: 'ignore' })
  const loaded = await loadCrlChecker({ crls, issuers: [identity], foreignCrls: 'ignore' })
  for (const { lists, foreign: names, check } of [checker, loaded]) {
    t.equal(lists.length, 1)
    t.same(names.map(({ commonName }) => commonName), ['Other'])
    t.type(check, 'function')
  }
  t.match(checker.check((await leaf('fine')).identity, identity), { state: 'good' })
  await checker.load([own.der])
  t.same(checker.foreign, [])
  // Of the same name, and not by its key: no stranger's list but a forged one.
  const twin = await makeCa()
  t.throws(
    () => crlChecker({ crls: [craftCrl({ ca: twin.ca })], issuers: [identity], foreignCrls: 'ignore' }),
    { code: 'MTLS_ERR_CRL_INVALID', message: /signature/ }
  )
})

/** The process warnings about ended lists while it runs. */
async function endedWarnings (run: () => Promise<void>): Promise<string[]> {
  const found: string[] = []
  const listen = (warning: Error & { code?: string }): void => {
    if (warning.code === 'MTLS_WARN_CRL_ENDED') found.push(warning.message)
  }
  process.on('warning', listen)
  try {
    await run()
    // Node emits warnings in the next turn.
    await new Promise((resolve) => { setImmediate(resolve) })
  } finally {
    process.off('warning', listen)
  }
  return found
}

test('a list that has ended when it is loaded is told of once, and one that is current is not', async (t) => {
  const { ca, identity } = await makeCa()
  const day = 24 * HOUR
  const [thisUpdate, nextUpdate] = [new Date(Date.now() - 2 * day), new Date(Date.now() - day)]
  const ended = await ca.crl({ thisUpdate, nextUpdate })
  const found = await endedWarnings(async () => {
    const checker = crlChecker({ crls: [ended.der], issuers: [identity] })
    checker.replace([ended.pem])
    await checker.load([(await ca.crl()).der])
    await checker.close()
  })
  t.match(found, [/^the CRL of CN=.* ended on \d{4}-.*Z, before it was loaded: the status of certificates that it does not list is unknown\. Load a current list$/])
  t.equal(found.length, 1)
  t.same(await endedWarnings(async () => { await (await loadCrlChecker({ crls: [ended.der], issuers: [identity] })).close() }), found)
  t.same(await endedWarnings(async () => { await crlChecker({ crls: [ended.der], issuers: [identity], warnEnded: false }).close() }), [])
  t.throws(() => crlChecker({ crls: [], issuers: [], warnEnded: 'no' as any }), { code: 'MTLS_ERR_REVOCATION_OPTION', message: /warnEnded is "no"; expected true or false/ })
})

test('an issuer that is text is refused by its place, and is not shown', async (t) => {
  const secret = '-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2Vw\n-----END PRIVATE KEY-----\n'
  const refusal = (option: string, found: string) => ({
    code: 'MTLS_ERR_REVOCATION_OPTION',
    message: `Invalid revocation option: ${option}[0] is ${found}; expected a certificate as parsePeerIdentity returns it`
  })
  const urls = 'http://127.0.0.1:9/'
  const { ca } = await makeCa()
  for (const [given, found] of [[secret, 'PEM text'], ['ca.pem', '"ca.pem"'], [Buffer.from([0x30]), '1 bytes'], [null, 'null']] as const) {
    const issuers: any = [given]
    t.throws(() => crlChecker({ crls: [], issuers }), refusal('issuers', found))
    t.throws(() => crlChecker({ crls: [], issuers: [], formerIssuers: issuers }), refusal('formerIssuers', found))
    t.throws(() => ocspChecker({ urls, issuers }), refusal('issuers', found))
    await t.rejects(async () => await crlUrlChecker({ urls: [urls], issuers }), refusal('issuers', found))
  }
  t.throws(() => { crlChecker({ crls: [], issuers: [] }).replace([craftCrl({ ca })], [secret] as never) }, {
    code: 'MTLS_ERR_REVOCATION_OPTION', message: /an issuer is PEM text; expected one parsed from a certificate/
  })
})
