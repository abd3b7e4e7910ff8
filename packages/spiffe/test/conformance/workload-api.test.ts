// WA and HX: what the Workload API may send, and what is made of it.
import { test } from 'tap'
import type { Test } from 'tap'
import { createDevCa } from '@peerkit/dev-ca'
import { ManualClock } from '@peerkit/test-support/manual-clock'
import { DIGITAL_SIGNATURE, KEY_CERT_SIGN, keyUsage } from '@peerkit/test-support/mint'
import type { ResponseFields, SvidFields } from '../support/messages.ts'
import { svidOf } from '../support/messages.ts'
import { Suite, TRUST_DOMAIN } from './suite.ts'

const OWN = `spiffe://${TRUST_DOMAIN}`
const HOUR = 3_600_000

test('WA-1: the stream is opened again after the agent closed it', async (t) => {
  const clock = new ManualClock()
  const suite = await Suite.start(t, { clock, random: () => 0 })
  await suite.presents(`${OWN}/default`)
  const lost = clock.nextTask((delay) => delay === 1_000)
  suite.agent.answer(14, 'closing')
  suite.agent.answer(undefined)
  const call = suite.agent.nextCall()
  await lost
  clock.advance(1_000)
  await call
  t.same((await suite.pushAndWait({ svids: [await suite.domain.svid('/wa-1-b')] })).ids, [`${OWN}/wa-1-b`])
})

/** Serves A, something bad, and B. A is presented until B is, and nothing else ever. */
async function ignores (t: Test, suite: Suite, bad: ResponseFields): Promise<void> {
  await suite.pushAndWait({ svids: [await suite.domain.svid('/a')] })
  await suite.pushRefused(bad)
  t.match(await suite.probe(), { ids: [`${OWN}/a`], trusted: true, line: `${OWN}/probe` }, 'still A, and it accepts peers')
  suite.agent.push({ svids: [await suite.domain.svid('/b')] })
  await suite.presents(`${OWN}/b`, ({ ids }) => { t.same(ids, [`${OWN}/a`]) })
}

const NONE = Buffer.alloc(0)
const blanks: ReadonlyArray<readonly [name: string, blank: (svid: SvidFields) => ResponseFields]> = [
  ['empty-svids', () => ({ svids: [] })],
  ['empty-spiffe-id', (svid) => ({ svids: [{ ...svid, spiffeId: '' }] })],
  ['empty-x509-svid', (svid) => ({ svids: [{ ...svid, certificates: NONE }] })],
  ['empty-key', (svid) => ({ svids: [{ ...svid, key: NONE }] })],
  ['empty-bundle', (svid) => ({ svids: [{ ...svid, bundle: NONE }] })]
]

for (const [name, blank] of blanks) {
  test(`WA-2/${name}: a response without a mandatory field is discarded`, async (t) => {
    const suite = await Suite.start(t)
    await ignores(t, suite, blank(await suite.domain.svid('/c')))
  })
}

test('WA-3: the first X.509-SVID is the default', async (t) => {
  const suite = await Suite.start(t)
  const [a, b] = [await suite.domain.svid('/wa-3-a'), await suite.domain.svid('/wa-3-b')]
  t.same((await suite.pushAndWait({ svids: [a, b] })).ids, [`${OWN}/wa-3-a`])
  t.same((await suite.pushAndWait({ svids: [b, a] })).ids, [`${OWN}/wa-3-b`])
})

test('WA-4: after PermissionDenied the X.509-SVID is not presented any more', async (t) => {
  const clock = new ManualClock()
  const suite = await Suite.start(t, { clock, random: () => 0 })
  await suite.presents(`${OWN}/default`)
  t.equal((await suite.dial(await suite.issue('/server'))).code, 200)
  const [first, second] = [clock.nextTask((delay) => delay === 1_000), clock.nextTask((delay) => delay === 2_000)]
  suite.agent.answer(7, 'no identity issued')
  await first
  t.match(await suite.probe(), { ids: [`${OWN}/default`] }, 'the entry may have been made again')
  clock.advance(1_000)
  await second
  await t.rejects(suite.probe())
  t.match(await suite.dial(await suite.issue('/server')), { code: 500, body: { message: /the client certificate was withdrawn at/ }, client: undefined })
  suite.agent.answer(undefined)
  const call = suite.agent.nextCall()
  clock.advance(2_000)
  await call
  t.match(await suite.barrier(), { trusted: true }, 'a new one is presented')
})

interface Hardening { readonly what: string, readonly bad: (suite: Suite) => Promise<SvidFields> }

/** The agent says that this certificate is `/bad`. */
const issued = (options: object) => async ({ domain: { ca } }: Suite): Promise<SvidFields> => {
  return svidOf(await ca.issue({ spiffe: `${OWN}/bad`, ...options }), ca, `${OWN}/bad`)
}

const hardening: Readonly<Record<string, Hardening>> = {
  'HX-1': {
    what: 'with a wrong signature',
    async bad ({ domain }) {
      const svid = await domain.svid('/bad')
      const certificates = Buffer.from(svid.certificates as Uint8Array)
      certificates[certificates.length - 1] = (certificates.at(-1) as number) ^ 1
      return { ...svid, certificates }
    }
  },
  'HX-2': {
    what: 'of another CA than those of the bundle',
    async bad (suite) {
      const foreign = await createDevCa({ name: `CA of ${TRUST_DOMAIN}` })
      suite.trust(foreign.root)
      return { ...svidOf(await foreign.issue({ spiffe: `${OWN}/bad` }), foreign, `${OWN}/bad`), bundle: suite.domain.bundle }
    }
  },
  'HX-3': { what: 'that has expired', bad: issued({ notBefore: new Date(Date.now() - 2 * HOUR), notAfter: new Date(Date.now() - HOUR) }) },
  'HX-4': { what: 'that is a CA', bad: issued({ ca: true }) },
  'HX-5': { what: 'with keyCertSign', bad: issued({ extensions: [keyUsage(DIGITAL_SIGNATURE, KEY_CERT_SIGN)] }) },
  'HX-6': { what: 'with two URIs', bad: issued({ uri: `${OWN}/hx-6-second` }) },
  'HX-7': { what: 'with a URI that is no SPIFFE ID', bad: issued({ spiffe: undefined, cn: 'bad', uri: 'https://test.example.org/hx-7' }) },
  'HX-8': {
    what: 'with the key of another',
    bad: async ({ domain }) => ({ ...await domain.svid('/bad'), key: (await domain.svid('/other')).key as Uint8Array })
  },
  'HX-9': { what: 'whose field spiffe_id says something else', bad: async ({ domain }) => ({ ...await domain.svid('/bad'), spiffeId: `${OWN}/claimed` }) }
}

for (const [number, { what, bad }] of Object.entries(hardening)) {
  test(`${number}: an X.509-SVID ${what} is ignored`, async (t) => {
    const suite = await Suite.start(t)
    await ignores(t, suite, { svids: [await bad(suite)] })
  })
}
