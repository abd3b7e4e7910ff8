// XV and ID: which peers are accepted, as a server and as a client.
import { test } from 'tap'
import { createDevCa } from '@peerkit/dev-ca'
import { KEY_CERT_SIGN, DIGITAL_SIGNATURE, keyUsage } from '@peerkit/test-support/mint'
import { TrustDomain } from '../support/world.ts'
import { ROLES, Suite, TRUST_DOMAIN } from './suite.ts'
import type { Identity } from './suite.ts'

const OWN = `spiffe://${TRUST_DOMAIN}`
const HOUR = 3_600_000
const CRL_SIGN = 6
const at = (hours: number): Date => new Date(Date.now() + hours * HOUR)

interface Case {
  readonly number: string
  readonly what: string
  readonly accepted?: boolean
  readonly peer: (suite: Suite) => Promise<Identity>
}

/** A peer of the suite's own CA. */
const own = (path: string, options: object = {}) => async (suite: Suite): Promise<Identity> => await suite.issue(path, options)
/** One with these URIs in place of its SPIFFE ID. */
const uris = (...list: readonly string[]) => async (suite: Suite): Promise<Identity> => {
  return await suite.domain.ca.issue({ cn: 'peer', uri: list, checkNames: false })
}

const cases: readonly Case[] = [
  { number: 'XV-1', what: 'a plain leaf', accepted: true, peer: own('/xv-1') },
  {
    number: 'XV-2',
    what: 'a leaf of an intermediate CA',
    accepted: true,
    peer: async ({ domain }) => await (await domain.ca.intermediate()).issue({ spiffe: `${OWN}/xv-2` })
  },
  { number: 'XV-3', what: 'a leaf that has a DNS name too', accepted: true, peer: own('/xv-3', { dns: 'xv-3.test.example.org' }) },
  { number: 'XV-4', what: 'a leaf with an empty subject', accepted: true, peer: own('/xv-4', { subject: [] }) },
  {
    number: 'XV-5',
    what: 'another CA of the same name',
    peer: async () => await (await createDevCa({ name: `CA of ${TRUST_DOMAIN}` })).issue({ spiffe: `${OWN}/xv-5` })
  },
  { number: 'XV-6', what: 'an expired leaf', peer: own('/xv-6', { notBefore: at(-2), notAfter: at(-1) }) },
  { number: 'XV-7', what: 'a leaf that is not valid yet', peer: own('/xv-7', { notBefore: at(1), notAfter: at(2) }) },
  { number: 'XV-8', what: 'a leaf that is a CA', peer: own('/xv-8', { ca: true }) },
  { number: 'XV-9', what: 'a leaf with keyCertSign', peer: own('/xv-9', { extensions: [keyUsage(DIGITAL_SIGNATURE, KEY_CERT_SIGN)] }) },
  { number: 'XV-10', what: 'a leaf with cRLSign', peer: own('/xv-10', { extensions: [keyUsage(DIGITAL_SIGNATURE, CRL_SIGN)] }) },
  { number: 'XV-11', what: 'two SPIFFE IDs', peer: uris(`${OWN}/xv-11`, `${OWN}/xv-11-second`) },
  { number: 'XV-12', what: 'no URI', peer: async ({ domain }) => await domain.ca.issue({ cn: 'xv-12', dns: 'xv-12.example.org' }) },
  { number: 'XV-13', what: 'a URI that is no SPIFFE ID', peer: uris('https://test.example.org/xv-13') },
  { number: 'XV-14', what: 'a SPIFFE ID without a path', peer: uris(OWN) },
  { number: 'XV-15', what: 'a trust domain without a bundle', peer: async ({ domain }) => await domain.ca.issue({ spiffe: 'spiffe://other.example.org/xv-15' }) }
]

for (const { number, what, accepted = false, peer } of cases) {
  for (const role of ROLES) {
    test(`${number}/${role}: ${what}: ${accepted ? 'accepted' : 'rejected'}`, async (t) => {
      const suite = await Suite.start(t)
      t.ok(await suite.accepts(role, await suite.issue('/control')), 'the control is accepted')
      const identity = await peer(suite)
      t.equal(await suite.accepts(role, identity), accepted)
      if (role === 'client' && !accepted) t.match(await suite.dial(identity), { code: 422, body: { status: 'rejected', message: String } })
    })
  }
}

const LONG = `${OWN}/${'a'.repeat(2048 - OWN.length - 1)}`

const ids: readonly (readonly [number: string, accepted: boolean, ids: readonly string[]])[] = [
  ['ID-1', false, [
    'spiffe:///a', `${OWN}:8080/a`, `spiffe://user@${TRUST_DOMAIN}/a`, `${OWN}/a?x=1`, `${OWN}/a#f`, `${OWN}/%41`,
    `${OWN}/a//b`, `${OWN}/a/./b`, `${OWN}/a/../b`, `${OWN}/a/`, `${OWN}/a!b`, 'spiffe://test.$.org/a',
    `SPIFFE://${TRUST_DOMAIN}/a`, 'spiffe://TEST.example.org/a', `${LONG}a`
  ]],
  ['ID-2', true, [`${OWN}/a.b-c_d`, `${OWN}/MiXed/Case`, `${OWN}/.../..a`, LONG]]
]

for (const [number, accepted, list] of ids) {
  test(`${number}: SPIFFE IDs that are ${accepted ? 'valid' : 'invalid'}`, async (t) => {
    const suite = await Suite.start(t)
    for (const id of list) {
      const identity = await uris(id)(suite)
      for (const role of ROLES) t.equal(await suite.accepts(role, identity), accepted, `${role}: ${id.slice(0, 60)} (${id.length})`)
    }
    if (!accepted) return
    for (const name of ['10.0.0.1', 'a_b-1', 'x'.repeat(255)]) {
      const domain = await TrustDomain.make(name)
      await suite.barrier({ federatedBundles: { [`spiffe://${name}`]: domain.bundle } })
      for (const role of ROLES) t.ok(await suite.accepts(role, await Suite.peer(domain, '/a')), `${role}: ${name}`)
    }
  })
}
