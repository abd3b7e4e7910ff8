// XS and XF: what is presented, and which bundle vouches for whom.
import { test } from 'tap'
import type { Test } from 'tap'
import { TrustDomain } from '../support/world.ts'
import { derOf, svidOf } from '../support/messages.ts'
import { FEDERATED, ROLES, Suite, TRUST_DOMAIN } from './suite.ts'
import type { Role } from './suite.ts'

const OWN = `spiffe://${TRUST_DOMAIN}`

test('XS-1: the X.509-SVID of the Workload API is presented', async (t) => {
  const suite = await Suite.start(t)
  const { ids, trusted, line } = await suite.pushAndWait({ svids: [await suite.domain.svid('/xs-1')] })
  t.same({ ids, trusted, line }, { ids: [`${OWN}/xs-1`], trusted: true, line: `${OWN}/probe` })
})

test('XS-2: the whole chain is presented, the leaf first', async (t) => {
  const suite = await Suite.start(t)
  const { ca } = suite.domain
  const issued = await (await ca.intermediate()).issue({ spiffe: `${OWN}/xs-2` })
  const { presented, trusted } = await suite.pushAndWait({ svids: [svidOf(issued, ca, `${OWN}/xs-2`)] })
  t.ok(trusted, 'by the root alone')
  const [leaf, intermediate] = issued.chain.match(/-----BEGIN[^]+?-----END CERTIFICATE-----/g)?.map((pem) => derOf(pem)) ?? []
  t.same(presented[0]?.raw, leaf)
  t.same(presented[1]?.raw, intermediate)
})

test('XS-2: an agent that sends the root too', async (t) => {
  const suite = await Suite.start(t)
  const { ca } = suite.domain
  const issued = await (await ca.intermediate()).issue({ spiffe: `${OWN}/xs-2` })
  const svid = svidOf(issued, ca, `${OWN}/xs-2`)
  const { trusted } = await suite.pushAndWait({ svids: [{ ...svid, certificates: derOf(issued.chain + ca.root) }] })
  t.ok(trusted)
})

test('XS-3: a rotated X.509-SVID is presented on new connections', async (t) => {
  const suite = await Suite.start(t)
  for (const path of ['/xs-3-a', '/xs-3-b']) {
    t.same((await suite.pushAndWait({ svids: [await suite.domain.svid(path)] })).ids, [OWN + path])
  }
})

/** A bundle of two CAs, and peers of both. */
async function serveTwo (suite: Suite): Promise<{ first: Awaited<ReturnType<Suite['issue']>>, second: Awaited<ReturnType<Suite['issue']>> }> {
  const other = await TrustDomain.make(TRUST_DOMAIN, { name: 'the second CA' })
  await suite.barrier({ bundle: Buffer.concat([suite.domain.bundle, other.bundle]) })
  return { first: await suite.issue('/ca-1'), second: await Suite.peer(other, '/ca-2') }
}

test('XS-4: every CA of a bundle is trusted', async (t) => {
  const suite = await Suite.start(t)
  const { first, second } = await serveTwo(suite)
  for (const role of ROLES) {
    t.ok(await suite.accepts(role, first), `${role}: the first CA`)
    t.ok(await suite.accepts(role, second), `${role}: the second CA`)
  }
})

test('XS-5: a CA that left the bundle is not trusted', async (t) => {
  const suite = await Suite.start(t)
  const { first, second } = await serveTwo(suite)
  for (const role of ROLES) t.ok(await suite.accepts(role, second), `${role}: while it is in the bundle`)
  await suite.barrier()
  for (const role of ROLES) {
    t.ok(await suite.accepts(role, first), `${role}: the CA that stayed`)
    t.notOk(await suite.accepts(role, second), `${role}: the CA that left`)
  }
})

async function federate (t: Test): Promise<{ suite: Suite, federated: TrustDomain }> {
  const suite = await Suite.start(t)
  const federated = await TrustDomain.make(FEDERATED)
  await suite.barrier({ federatedBundles: { [`spiffe://${FEDERATED}`]: federated.bundle } })
  return { suite, federated }
}

const federation: Readonly<Record<string, (t: Test, role: Role) => Promise<void>>> = {
  'XF-1/*: a peer of a federated trust domain is accepted': async (t, role) => {
    const { suite, federated } = await federate(t)
    t.ok(await suite.accepts(role, await Suite.peer(federated, '/xf-1')))
  },
  'XF-2/*: no bundle vouches for another trust domain': async (t, role) => {
    const { suite, federated } = await federate(t)
    t.ok(await suite.accepts(role, await suite.issue('/control')))
    t.ok(await suite.accepts(role, await Suite.peer(federated, '/xf-2-control')))
    t.notOk(await suite.accepts(role, await suite.domain.ca.issue({ spiffe: `spiffe://${FEDERATED}/xf-2` })), 'their ID of our CA')
    t.notOk(await suite.accepts(role, await federated.ca.issue({ spiffe: `${OWN}/xf-2` })), 'our ID of their CA')
  },
  'XF-3/*: a federated trust domain that a later response omits is not trusted': async (t, role) => {
    const { suite, federated } = await federate(t)
    const peer = await Suite.peer(federated, '/xf-3')
    t.ok(await suite.accepts(role, peer), 'while its bundle is there')
    await suite.barrier()
    t.ok(await suite.accepts(role, await suite.issue('/control')))
    t.notOk(await suite.accepts(role, peer))
  }
}

for (const [name, run] of Object.entries(federation)) {
  for (const role of ROLES) test(name.replace('*', role), async (t) => { await run(t, role) })
}
