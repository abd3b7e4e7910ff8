// X.509-SVIDs with keys of every type: ours, and those of peers.
import { generateKeyPairSync } from 'node:crypto'
import { test } from 'tap'
import { authoritiesOf } from '@peerkit/credentials'
import { element } from '@peerkit/test-support/der'
import { CLIENT_AUTH, Party, SERVER_AUTH, altNames, purposes } from '@peerkit/test-support/mint'
import type { Keys } from '@peerkit/test-support/mint'
import { createTrustEvaluator } from '@peerkit/trust'
import { spiffeCredentials } from '../src/index.ts'
import { startAgent } from './support/agent.ts'
import type { ResponseFields } from './support/messages.ts'
import { nextChange, stayAlive } from './support/world.ts'

const DAY = 86_400_000
const ID = 'spiffe://prod.example/ledger'
const valid = { notBefore: Date.now() - DAY, notAfter: Date.now() + DAY }
const root = new Party('CN=Root')
const anchor = root.root(valid)

const ec = (namedCurve: string) => (): Keys => generateKeyPairSync('ec', { namedCurve })
const rsa = (modulusLength: number) => (): Keys => generateKeyPairSync('rsa', { modulusLength })

function responseFor (keys: Keys): ResponseFields {
  const certificates = root.issue('CN=ledger', { ...valid, keys, extensions: [altNames(element(0x86, Buffer.from(ID))), purposes(CLIENT_AUTH, SERVER_AUTH)] })
  return { svids: [{ spiffeId: ID, certificates, bundle: anchor, key: keys.privateKey.export({ type: 'pkcs8', format: 'der' }) }] }
}

test('keys of every type: strong ones are used, weak ones are refused by name', async (t) => {
  stayAlive(t)
  const agent = await startAgent(t)
  agent.push(responseFor(ec('P-256')()))
  const source = await spiffeCredentials({ socket: agent.address })
  t.after(async () => { await source.close() })
  const trust = createTrustEvaluator({ authorities: () => authoritiesOf(source.current, 'clients'), version: () => 1 })
  for (const [type, make, asPeer] of [
    ['Ed25519', () => generateKeyPairSync('ed25519'), 'accepted'],
    ['P-256', ec('P-256'), 'accepted'],
    ['P-384', ec('P-384'), 'accepted'],
    ['P-521', ec('P-521'), 'accepted'],
    ['RSA 2048', rsa(2_048), 'accepted'],
    ['RSA 3072', rsa(3_072), 'accepted'],
    ['RSA 4096', rsa(4_096), 'accepted'],
    ['brainpool', ec('brainpoolP256r1'), 'accepted']
  ] as const) {
    const response = responseFor(make())
    const rotated = nextChange(source, 'rotated')
    agent.push(response)
    await rotated
    const [leaf] = [response.svids?.[0]?.certificates as Uint8Array]
    t.equal(source.current.identity.spiffeId, ID, type)
    const decision = await trust.evaluate(leaf)
    t.equal(decision.accepted ? 'accepted' : decision.reason, asPeer, `${type}, of a peer`)
  }
  for (const [type, make, found] of [
    ['RSA 1024', rsa(1_024), /RSA of 1024 bits/], ['P-224', ec('P-224'), /EC on secp224r1/], ['secp192', ec('prime192v1'), /EC on prime192v1/]
  ] as const) {
    const before = source.current
    const refused = nextChange(source, 'refused')
    agent.push(responseFor(make()))
    t.match(await refused, { error: { reason: 'weak', message: found }, snapshot: before }, type)
  }
})
