import { readFile, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createDevCa } from '@peerkit/dev-ca'
import type { DevCa } from '@peerkit/dev-ca'
import { createTrustEvaluator } from '@peerkit/trust'
import { test } from 'tap'
import { authoritiesOf, fileCredentials, fileTrust, memoryCredentials, memoryTrust } from '../../src/index.ts'
import type { AuthorityPaths, FileCredentials, FileCredentialsOptions, TrustSnapshot, TrustSource } from '../../src/index.ts'
import { crossSign } from '@peerkit/test-support/certificates'
import { ManualClock } from '@peerkit/test-support/manual-clock'
import { collect, makeFolder, nextChange, nextMessage } from '../support/world.ts'
import type { Folder } from '../support/world.ts'

const HOUR = 3_600_000
const REFUSED = 'MTLS_ERR_CREDENTIALS_REFUSED'
const LONG_AGO = { thisUpdate: new Date(Date.now() - HOUR) }

interface Pki extends Folder {
  readonly acme: DevCa
  readonly authorities: Record<'internal' | 'acme', AuthorityPaths>
  at (name: string): string
}

/** Two authorities with files of their own, each with a list. */
async function makePki (t: Parameters<typeof makeFolder>[0]): Promise<Pki> {
  const folder = await makeFolder(t)
  const at = (name: string): string => join(folder.folder, name)
  const acme = await createDevCa({ name: 'Acme' })
  await folder.write('internal.pem', folder.ca.root)
  await folder.write('internal.crl', (await folder.ca.crl(LONG_AGO)).pem)
  await folder.write('acme.pem', acme.root)
  await folder.write('acme.crl', (await acme.crl(LONG_AGO)).pem)
  const authorities = {
    internal: { ca: at('internal.pem'), crl: at('internal.crl'), names: 'any' },
    acme: { ca: at('acme.pem'), crl: at('acme.crl'), names: { spiffe: 'spiffe://acme.example' } }
  } as const
  return { ...folder, acme, authorities, at }
}

async function start ({ paths: { cert, key }, authorities }: Pki, options: Partial<FileCredentialsOptions> = {}): Promise<FileCredentials> {
  return await fileCredentials({ cert, key, authorities, reportAfter: 1, pollInterval: HOUR, ...options })
}

/** What becomes of a certificate by the trust in force. */
async function judge (source: TrustSource, leaf: { readonly der: Uint8Array }): Promise<string> {
  const trust = createTrustEvaluator({ authorities: () => authoritiesOf(source.current, 'clients') })
  const decision = await trust.evaluate(leaf.der)
  return decision.accepted ? decision.authority : decision.reason
}

const anchorsOf = ({ authorities }: TrustSnapshot): unknown => Object.fromEntries(authorities.map(({ name, anchors }) => [name, anchors.map(({ subject }) => subject?.commonName)]))

for (const [what, file, broken, reason] of [
  ['a CA file that is cut off', 'acme.pem', ({ acme }: Pki) => acme.root.slice(0, 200), 'unreadable'],
  ['a list that is no list', 'acme.crl', () => 'no list', 'crl']
] as const) {
  test(`${what} holds back its own authority alone, and is told once`, async (t) => {
    const pki = await makePki(t)
    const clock = new ManualClock()
    const source = await start(pki, { clock })
    const refusals = collect(t, 'refused')
    const recoveries = collect(t, 'recovered')
    const former = (await readFile(pki.at('acme.crl'))).toString()
    const bad = await pki.ca.issue({ cn: 'bad' })
    t.equal(await judge(source, bad), 'internal')

    const waiting = nextMessage('waiting')
    await pki.replace(file, broken(pki))
    t.match(await waiting, { authority: 'acme' })
    const refused = nextChange(source, 'refused')
    const retries = [clock.nextTask()]
    clock.advance(1)
    t.match(await refused, { authority: 'acme', error: { reason, message: new RegExp(`authorities\\.acme\\.(ca|crl) \\(.*${file}\\)`), authorities: ['acme'] } })
    for (let round = 0; round < 3; round += 1) {
      const delay = await retries.at(-1) as number
      retries.push(clock.nextTask())
      clock.advance(delay)
    }

    await pki.ca.revoke(bad.serialNumber)
    const rotated = nextChange(source, 'rotated')
    await pki.replace('internal.crl', (await pki.ca.crl()).pem)
    t.match(await rotated, { trustChanged: true })
    t.equal(await judge(source, bad), 'revoked', 'the list of the other counts at once')
    t.same(anchorsOf(source.current), { internal: ['Peerkit development CA'], acme: ['Acme'] })
    t.match(refusals, [{ authority: 'acme', reason }])
    t.equal(refusals.length, 1)

    // What lies there was in force before.
    const recovered = nextMessage('recovered')
    const inForce = source.current
    await pki.replace(file, file === 'acme.pem' ? pki.acme.root : former)
    t.match(await recovered, { authority: 'acme', generation: 2 })
    t.equal(source.current, inForce)

    const again = nextChange(source, 'refused')
    const timer = clock.nextTask((delay) => delay === 1)
    await pki.replace(file, broken(pki))
    await timer
    clock.advance(1)
    await again
    const repaired = nextChange(source, 'rotated')
    const client = await pki.acme.issue({ spiffe: 'spiffe://acme.example/x' })
    await pki.acme.revoke(client.serialNumber)
    await pki.replace('acme.crl', (await pki.acme.crl()).pem)
    await pki.replace('acme.pem', pki.acme.root)
    await repaired
    t.equal(await judge(source, client), 'revoked', 'and its own as soon as it is well')
    t.match(recoveries, [{ authority: 'acme' }, { authority: 'acme' }])
    await source.close()
  })
}

test('an authority never gets half of its files', async (t) => {
  const pki = await makePki(t)
  const source = await start(pki, { watch: false })
  const more = await createDevCa({ name: 'Acme 2' })
  await pki.replace('acme.pem', pki.acme.root + more.root)
  await pki.replace('acme.crl', 'no list')
  await pki.replace('internal.crl', (await pki.ca.crl()).pem)
  await t.rejects(source.reload(), { code: REFUSED, reason: 'crl', authorities: ['acme'] })
  t.match(source.current, { generation: 2, trustEpoch: 2 })
  t.same(anchorsOf(source.current), { internal: ['Peerkit development CA'], acme: ['Acme'] })
  await pki.replace('acme.crl', (await pki.acme.crl()).pem)
  await source.reload()
  t.same(anchorsOf(source.current), { internal: ['Peerkit development CA'], acme: ['Acme', 'Acme 2'] })
  await source.close()
})

test('a list that goes while its CA stays is refused, and the others are taken', async (t) => {
  const pki = await makePki(t)
  const source = await start(pki, { watch: false })
  const other = await createDevCa({ name: 'Other' })
  const client = await pki.acme.issue({ spiffe: 'spiffe://acme.example/x' })
  await pki.acme.revoke(client.serialNumber)
  await pki.replace('acme.crl', (await pki.acme.crl()).pem)
  await source.reload()
  await pki.replace('acme.crl', (await other.crl()).pem)
  await pki.replace('internal.pem', pki.ca.root + other.root)
  await t.rejects(source.reload(), { code: REFUSED, reason: 'crl', message: /authorities\.acme\.crl .*CRL of .*Acme.* is missing/ })
  t.equal(await judge(source, client), 'revoked')
  t.same(anchorsOf(source.current), { internal: ['Peerkit development CA', 'Other'], acme: ['Acme'] })
  await source.close()
})

test('what we present is taken by itself, and so are the authorities', async (t) => {
  const pki = await makePki(t)
  const source = await start(pki, { watch: false })
  const bad = await pki.ca.issue({ cn: 'bad' })
  await pki.ca.revoke(bad.serialNumber)
  const issuing = await pki.ca.intermediate({ name: 'Issuing' })
  const next = await issuing.issue({ cn: 'second' })

  await pki.replace('cert.pem', next.chain)
  await pki.replace('internal.crl', (await pki.ca.crl()).pem)
  await t.rejects(source.reload(), { code: REFUSED, reason: 'key_mismatch' })
  t.match(source.current, { generation: 2, identity: { subject: { commonName: 'first' } } })
  t.equal(await judge(source, bad), 'revoked', 'a certificate without its key holds back no list')

  await pki.replace('key.pem', next.key)
  await pki.replace('acme.pem', '')
  await pki.replace('internal.pem', '')
  await t.rejects(source.reload(), { code: REFUSED, reason: 'unreadable', authorities: ['internal'] })
  t.match(source.current, { generation: 3, identity: { subject: { commonName: 'second' } } }, 'broken CAs hold back no certificate')
  t.equal(await judge(source, bad), 'revoked')
  t.same(source.current.candidates.map(({ subject }) => subject?.commonName), ['Issuing'])

  await pki.replace('internal.pem', pki.ca.root)
  await pki.replace('acme.pem', pki.acme.root)
  await source.reload()
  t.equal(source.current.trustDigest, (await start(pki, { watch: false })).current.trustDigest, 'once all is well it is as after a restart')
  await source.close()
})

test('a certificate of our own that has ended holds back no list', async (t) => {
  const pki = await makePki(t)
  const brief = await pki.ca.issue({ cn: 'brief', notAfter: new Date(Date.now() + 60_000) })
  await pki.write('cert.pem', brief.chain)
  await pki.write('key.pem', brief.key)
  const clock = new ManualClock()
  const source = await start(pki, { clock })
  const bad = await pki.ca.issue({ cn: 'bad' })
  await pki.ca.revoke(bad.serialNumber)
  clock.advance(120_000)
  const told = collect(t, 'refused')
  const rotated = nextChange(source, 'rotated')
  await pki.replace('internal.crl', (await pki.ca.crl()).pem)
  await rotated
  t.equal(await judge(source, bad), 'revoked')
  const again = nextChange(source, 'rotated')
  clock.advance(1_000)
  await pki.replace('acme.crl', (await pki.acme.crl()).pem)
  await again
  t.match(told, [{ reason: 'expired', authority: undefined }])
  t.equal(told.length, 1)
  await source.close()
})

test('a CA that another authority has is refused to the one that takes it, in whatever order they stand', async (t) => {
  for (const [taker, holder] of [['acme', 'internal'], ['internal', 'acme']] as const) {
    const pki = await makePki(t)
    const source = await start(pki, { watch: false })
    const before = source.current
    const [own, others] = taker === 'acme' ? [pki.acme, pki.ca] : [pki.ca, pki.acme]
    await pki.replace(`${taker}.pem`, own.root + others.root)
    await pki.replace(`${holder}.crl`, (await others.crl()).pem)
    await t.rejects(source.reload(), { code: REFUSED, reason: 'no_anchor', authorities: [taker], message: new RegExp(`authorities\\.${taker}\\.ca .*authority "${holder}"`) })
    t.same(anchorsOf(source.current), anchorsOf(before))
    t.equal(source.current.trustEpoch, 2, 'the list of the holder counts')
    await source.close()
  }
})

test('a CA moves from one authority to another in one step, also beside a broken file, but not without its list', async (t) => {
  const pki = await makePki(t)
  const moving = await createDevCa({ name: 'Moving' })
  const revoked = await moving.issue({ spiffe: 'spiffe://acme.example/x' })
  await moving.revoke(revoked.serialNumber)
  const list = (await moving.crl()).pem
  const ours = (await pki.ca.crl()).pem
  const theirs = (await pki.acme.crl()).pem
  await pki.write('internal.pem', pki.ca.root + moving.root)
  await pki.write('internal.crl', ours + list)
  const source = await start(pki, { watch: false })
  t.equal(await judge(source, revoked), 'revoked')
  const before = anchorsOf(source.current)

  await pki.replace('internal.pem', pki.ca.root)
  await pki.replace('internal.crl', ours)
  await pki.replace('acme.pem', pki.acme.root + moving.root)
  for (let round = 0; round < 3; round += 1) {
    await t.rejects(source.reload(), { code: REFUSED, reason: 'crl', authorities: ['acme', 'internal'] })
    t.same(anchorsOf(source.current), before, 'it stays where it was')
    t.equal(await judge(source, revoked), 'revoked')
  }

  await pki.replace('acme.crl', theirs + list)
  await pki.replace('cert.pem', 'broken')
  await t.rejects(source.reload(), { code: REFUSED, reason: 'unreadable', message: /cert\.pem/ })
  t.same(anchorsOf(source.current), { internal: ['Peerkit development CA'], acme: ['Acme', 'Moving'] })
  t.equal(await judge(source, revoked), 'revoked')
  await source.close()
})

test('a CA does not leave an authority while the files of the other one are half written', async (t) => {
  const pki = await makePki(t)
  const moving = await createDevCa({ name: 'Moving' })
  const list = (await moving.crl()).pem
  const [ours, theirs] = [(await pki.ca.crl()).pem, (await pki.acme.crl()).pem]
  await pki.write('internal.pem', pki.ca.root + moving.root)
  await pki.write('internal.crl', ours + list)
  const clock = new ManualClock()
  const source = await start(pki, { watch: 'poll', reportAfter: 5_000, clock })
  const before = anchorsOf(source.current)
  const taken = pki.acme.root + moving.root
  const waiting = nextMessage('waiting', 'crl')
  await pki.replace('acme.pem', taken.slice(0, -200))
  await pki.replace('internal.pem', pki.ca.root)
  clock.advance(HOUR)
  t.match(await waiting, {
    authority: 'internal',
    message: /authorities\.internal\.ca .*Moving.* is missing, and the files of authority "acme" are refused/
  })
  t.same(anchorsOf(source.current), before)
  const rotated = nextChange(source, 'rotated')
  await pki.replace('acme.crl', theirs + list)
  await pki.replace('acme.pem', taken)
  clock.advance(1_000)
  await rotated
  t.same(anchorsOf(source.current), { internal: ['Peerkit development CA'], acme: ['Acme', 'Moving'] })

  const dropped = nextChange(source, 'rotated')
  const refused = nextMessage('refused')
  const again = nextMessage('waiting', 'crl')
  await pki.replace('internal.pem', '')
  await pki.replace('acme.pem', pki.acme.root)
  clock.advance(HOUR)
  await again
  clock.advance(5_000)
  t.match(await refused, { authority: 'internal', reason: 'unreadable' })
  await dropped
  t.same(anchorsOf(source.current), { internal: ['Peerkit development CA'], acme: ['Acme'] }, 'it leaves once that lasts')
  await source.close()
})

test('an authority does not lose the CA that our own chain has to lead to', async (t) => {
  const pki = await makePki(t)
  const source = await start(pki, { watch: false, chain: 'required' })
  const next = await createDevCa({ name: 'Next' })
  await pki.replace('internal.pem', next.root)
  await pki.replace('acme.crl', (await pki.acme.crl()).pem)
  await t.rejects(source.reload(), { code: REFUSED, reason: 'bad_chain' })
  t.match(anchorsOf(source.current), { internal: ['Peerkit development CA'] })
  t.equal(source.current.trustEpoch, 2, 'the list of the other counts')
  const issued = await next.issue({ cn: 'second' })
  await pki.replace('cert.pem', issued.chain)
  await pki.replace('key.pem', issued.key)
  await pki.replace('acme.crl', 'broken')
  await t.rejects(source.reload(), { code: REFUSED, reason: 'crl', authorities: ['acme'] })
  t.match(anchorsOf(source.current), { internal: ['Next'], acme: ['Acme'] }, 'both change in one step, also beside a broken file')
  await source.close()
})

test('what was refused as a whole is told to be in order again as well', async (t) => {
  const [ca, other] = [await createDevCa(), await createDevCa({ name: 'Other' })]
  const { chain: cert, key } = await ca.issue({ cn: 'first' })
  const credentials = memoryCredentials({ cert, key, ca: ca.root })
  const trust = memoryTrust({ ca: ca.root })
  for (const [source, bad, good] of [
    [credentials, () => credentials.update({ ca: 'broken' }), () => credentials.update({ ca: ca.root })],
    [trust, () => trust.update({ ca: 'broken' }), () => trust.update({ ca: other.root })]
  ] as const) {
    const told: unknown[] = []
    source.subscribe(({ type }) => { told.push(type) })
    t.throws(bad)
    t.throws(bad)
    good()
    good()
    t.same(told, source === trust ? ['refused', 'refused', 'rotated', 'recovered'] : ['refused', 'refused', 'recovered'])
    await source.close()
  }
})

test('at the start everything has to be right', async (t) => {
  const pki = await makePki(t)
  await pki.write('acme.crl', 'no list')
  await t.rejects(start(pki), { code: REFUSED, reason: 'crl', message: /authorities\.acme\.crl .*acme\.crl/ })
  await t.rejects(fileTrust({ authorities: pki.authorities }), { code: REFUSED, reason: 'crl' })
  await t.rejects(start({ ...pki, authorities: { ...pki.authorities, acme: { ...pki.authorities.acme, crl: pki.at('missing.crl') } } }), {
    code: 'MTLS_ERR_CREDENTIALS_UNAVAILABLE', message: /missing\.crl/
  })
})

test('a change that other files do not fit is refused itself, and the others are taken', async (t) => {
  for (const watch of [false, 'poll'] as const) {
    const pki = await makePki(t)
    const issuing = await pki.ca.intermediate({ name: 'Issuing' })
    const own = await issuing.issue({ cn: 'first' })
    await pki.write('cert.pem', own.chain)
    await pki.write('key.pem', own.key)
    const clock = new ManualClock()
    const source = await start(pki, { watch, clock })
    const bad = await pki.ca.issue({ cn: 'bad' })
    await pki.ca.revoke(bad.serialNumber)
    const refusals = collect(t, 'refused')
    const rotated = nextChange(source, 'rotated')
    // Our intermediate's name and key with another key identifier: our chain would end at the leaf.
    await pki.replace('acme.pem', pki.acme.root + await crossSign(pki.acme, issuing, 'Issuing', {}, true))
    await pki.replace('internal.crl', (await pki.ca.crl()).pem)
    const message = /authorities\.acme\.ca \(.*acme\.pem\): the new files do not fit the other files: cert \(.*cert\.pem/
    const refusal = { code: REFUSED, reason: 'bad_chain', authorities: ['acme'], message }
    if (watch === false) await t.rejects(source.reload(), refusal)
    else {
      const waiting = nextMessage('waiting')
      clock.advance(HOUR)
      t.match(await waiting, { authority: 'acme', reason: 'bad_chain', message })
    }
    await rotated
    t.equal(await judge(source, bad), 'revoked')
    t.match(anchorsOf(source.current), { internal: ['Peerkit development CA'], acme: ['Acme'] })
    t.same(refusals.map(({ reason }) => reason), watch === false ? ['bad_chain'] : [])
    await source.close()
  }
})

for (const [what, disturb] of [
  ['touched', async (path: string) => { await utimes(path, new Date(), new Date()) }],
  ['rewritten', async (path: string) => { await writeFile(path, await readFile(path)) }]
] as const) {
  test(`a file that is ${what} all the time holds back its own authority alone`, async (t) => {
    const pki = await makePki(t)
    const clock = new ManualClock()
    const source = await start(pki, { clock, watch: 'poll', reportAfter: 1_000 })
    const bad = await pki.ca.issue({ cn: 'bad' })
    await pki.ca.revoke(bad.serialNumber)
    await pki.replace('internal.crl', (await pki.ca.crl()).pem)
    const told = new Set<string>()
    const message = /authority "acme" \(.*acme\.pem, .*acme\.crl\): the files change all the time/
    source.subscribe((change) => {
      told.add(change.type)
      if (change.type === 'refused') t.match(change, { authority: 'acme', error: { reason: 'file', message } })
    })
    clock.advance(HOUR)
    while (!told.has('rotated') || !told.has('refused')) {
      await disturb(pki.at('acme.pem'))
      clock.advance(10)
    }
    t.equal(await judge(source, bad), 'revoked')
    const recovered = nextMessage('recovered')
    clock.advance(HOUR)
    t.match(await recovered, { authority: 'acme' })
    await source.close()
  })
}

test('a trust without a key takes each authority by itself too', async (t) => {
  const pki = await makePki(t)
  const trust = await fileTrust({ authorities: pki.authorities, reportAfter: 1, pollInterval: HOUR })
  const bad = await pki.ca.issue({ cn: 'bad' })
  await pki.ca.revoke(bad.serialNumber)
  const refused = nextMessage('refused')
  await pki.replace('acme.pem', 'broken')
  t.match(await refused, { authority: 'acme' })
  const rotated = nextMessage('rotated')
  await pki.replace('internal.crl', (await pki.ca.crl()).pem)
  await rotated
  t.equal(await judge(trust, bad), 'revoked')
  await trust.close()
})
