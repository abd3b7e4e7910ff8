import { createHash } from 'node:crypto'
import { Agent } from 'node:https'
import { createDevCa } from '@peerkit/dev-ca'
import type { IssuedCertificate } from '@peerkit/dev-ca'
import { encodePem } from '@peerkit/identity'
import { test } from 'tap'
import { startBehind } from './support/gateway.ts'
import { call } from './support/world.ts'

const REFUSED = { status: 401, body: { code: 'MTLS_ERR_FORWARDED_REFUSED' } }

/** As AWS writes a chain that it has not looked at. */
function passedThrough (...chain: readonly Uint8Array[]): Record<string, string> {
  return { 'x-amzn-mtls-clientcert': encodeURIComponent(chain.map((der) => encodePem(der)).join('')).replaceAll('%2B', '+').replaceAll('%3D', '=').replaceAll('%2F', '/') }
}

test('what a gateway passes on unverified is validated against the CAs of the server', async (t) => {
  const world = await startBehind(t, { format: 'aws-alb-passthrough' }, { setup: (app) => { app.get('/chain', async ({ peer }: any) => peer.chain.map(({ subject }: any) => subject.commonName)) } })
  const issuing = await world.ca.intermediate({ name: 'Issuing' })
  const behind = await issuing.issue({ cn: 'behind', profile: 'client' })
  const ask = async (...chain: readonly Uint8Array[]): Promise<object> => await call(world, world.gateway, { headers: passedThrough(...chain) })
  t.match(await ask(behind.der, issuing.der), { status: 200, body: { cn: 'behind' } })
  t.match(await call(world, world.gateway, { path: '/chain', headers: passedThrough(behind.der, issuing.der) }), { body: ['Issuing', /./] })
  const refused = async (reason: string, detail: RegExp, ...chain: readonly Uint8Array[]): Promise<void> => {
    t.match(await ask(...chain), REFUSED, String(detail))
    t.match(world.refused.at(-1), { reason, detail, header: 'x-amzn-mtls-clientcert' })
  }
  await refused('unknown_ca', /^CN=behind .*its issuer CN=Issuing/, behind.der)
  await refused('unknown_ca', /^CN=behind .*its issuer CN=Elsewhere/, (await (await createDevCa({ name: 'Elsewhere' })).issue({ cn: 'behind' })).der)
  await refused('unknown_ca', /^signature_invalid: CN=behind .*was not signed by CN=/, (await (await createDevCa()).issue({ cn: 'behind' })).der)
  await refused('wrong_purpose', /^CN=server .*does not allow clientAuth/, (await world.ca.issue({ cn: 'server', profile: 'server' })).der)
  await refused('expired', /^CN=old .*was valid until/, (await world.ca.issue({ cn: 'old', notBefore: new Date(Date.now() - 2e9), notAfter: new Date(Date.now() - 1e9) })).der)
  const forger = await createDevCa({ name: 'Forger' })
  await refused('unknown_ca', /^CN=behind .*leads to the root CN=Forger.*, which is not a trust anchor/, (await forger.issue({ cn: 'behind' })).der, forger.der)
  t.match(await call(world, world.gateway), { status: 401, body: { code: 'MTLS_ERR_PEER_MISSING' } })
})

test('an accepted client is refused once it is revoked or its CA is removed', async (t) => {
  const world = await startBehind(t, { format: 'azure-app-service' }, { crl: true })
  const next = await createDevCa({ name: 'Next' })
  const behind = await world.ca.issue({ cn: 'behind', profile: 'client' })
  const other = await next.issue({ cn: 'other', profile: 'client' })
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const ask = async ({ der }: IssuedCertificate): Promise<object> => await call(world, world.gateway, { agent, headers: { 'x-arr-clientcert': Buffer.from(der).toString('base64') } })
  for (const turn of [1, 2]) t.match(await ask(behind), { status: 200, body: { cn: 'behind' } }, `${turn}`)
  t.match(await ask(other), REFUSED)
  world.credentials.update({ ca: world.ca.root + next.root, crl: (await world.ca.crl()).pem + (await next.crl()).pem })
  t.match(await ask(other), { status: 200, body: { cn: 'other' } }, 'a CA that came is asked at once')
  world.ca.revoke(behind)
  world.credentials.update({ crl: (await world.ca.crl()).pem + (await next.crl()).pem })
  t.match(await ask(behind), REFUSED)
  world.credentials.update({ ca: world.ca.root, crl: (await world.ca.crl()).pem })
  t.match(await ask(other), REFUSED)
  t.match(world.refused, [
    { reason: 'unknown_ca', detail: /^CN=other / }, { reason: 'revoked', detail: /^CN=behind .*is revoked/ }, { reason: 'unknown_ca', detail: /^CN=other / }
  ])
  t.equal(world.refused.length, 3)
  agent.destroy()
})

test('what nginx lets pass under optional_no_ca is judged here, whatever nginx thought of it', async (t) => {
  const world = await startBehind(t, { format: 'nginx', verification: 'in-process' })
  const told = ({ der }: IssuedCertificate, verify: string): Record<string, string> => ({ 'ssl-client-cert': encodeURIComponent(encodePem(der)), 'ssl-client-verify': verify })
  const [behind, stranger] = [await world.ca.issue({ cn: 'behind' }), await (await createDevCa()).issue({ cn: 'stranger' })]
  t.match(await call(world, world.gateway, { headers: told(behind, 'FAILED:unable to verify the first certificate') }), { status: 200, body: { cn: 'behind' } })
  t.match(await call(world, world.gateway, { headers: told(stranger, 'SUCCESS') }), REFUSED)
  t.match(await call(world, world.gateway, { headers: { 'ssl-client-verify': 'NONE' } }), { status: 401, body: { code: 'MTLS_ERR_PEER_MISSING' } })
})

test('parts of an identity cannot be validated', async (t) => {
  const world = await startBehind(t, { format: 'xfcc', verification: 'in-process' })
  const hash = createHash('sha256').update(world.client.der).digest('hex')
  t.match(await call(world, world.gateway, { headers: { 'x-forwarded-client-cert': `Hash=${hash}` } }), REFUSED)
  t.match(world.refused, [{ reason: 'certificate_missing' }])
})
