// With a store, a restart trusts what the options and files say then, and not what was trusted when it was stored.
import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'tap'
import type { Test } from 'tap'
import { fileStore, renewingCredentials } from '@peerkit/credentials'
import type { CertificateIssuer } from '@peerkit/credentials'
import { createDevCa } from '@peerkit/dev-ca'
import { acmeIssuer } from '@peerkit/issuers/acme'
import { kubernetesIssuer } from '@peerkit/issuers/kubernetes'
import { stepCaIssuer } from '@peerkit/issuers/step-ca'
import { vaultIssuer } from '@peerkit/issuers/vault'
import { CaseWorld } from '../src/test/issuer-world.ts'
import { startStepCa, tokenOf } from './support/stand-in-step-ca.ts'

const signal = new AbortController().signal
const names = { dns: ['ledger.example'] }

function makeFolder (t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'peerkit-stored-trust-'))
  t.teardown(() => { rmSync(folder, { recursive: true }) })
  return folder
}

test('step-ca: a root that was removed from the file is not trusted after a restart', async (t) => {
  const world = await CaseWorld.create()
  const server = await startStepCa(world)
  t.teardown(server.close)
  const leaked = await createDevCa({ name: 'Leaked root' })
  const folder = makeFolder(t)
  const root = join(folder, 'roots.pem')
  const start = async (): Promise<readonly string[]> => {
    const issuer = stepCaIssuer({ url: server.url, root, names, enrol: { token: () => tokenOf({}) } })
    const source = await renewingCredentials(issuer, { clock: world.clock, attempts: 1, store: fileStore(join(folder, 'store.json')) })
    const anchors = source.current.anchors.map(({ commonName }) => String(commonName))
    await source.close()
    return anchors.sort()
  }
  writeFileSync(root, server.root + world.root + leaked.root)
  const before = await start()
  t.ok(before.includes('Leaked root'))
  writeFileSync(root, server.root + world.root)
  t.same(await start(), before.filter((name) => name !== 'Leaked root'))
  t.equal(world.calls, 1, 'the certificate is that of the store')
})

test('who knows what is trusted says so, and another trust is another certificate', async (t) => {
  const folder = makeFolder(t)
  const ca = join(folder, 'ca.pem')
  writeFileSync(ca, (await createDevCa()).root)
  const { privateKey: key } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const kubernetes = (more: object): CertificateIssuer => kubernetesIssuer({ url: 'https://127.0.0.1:1', signerName: 'mesh.example/service', names, ...more })
  const stepCa = (more: object): CertificateIssuer => stepCaIssuer({ url: 'https://127.0.0.1:1', names, enrol: { token: () => 'a.b.c' }, ...more } as Parameters<typeof stepCaIssuer>[0])
  const vault = (more: object): CertificateIssuer => vaultIssuer({ url: 'https://127.0.0.1:1', role: 'ledger', names, auth: 'proxy', ...more })
  t.match(await kubernetes({ ca }).trust?.({ signal }), { ca: [/BEGIN CERTIFICATE/] })
  t.same(await kubernetes({}).trust?.({ signal }), {})
  t.same(await acmeIssuer({ directory: 'https://127.0.0.1:1/dir', names, account: { key }, challenges: { http01: {} } }).trust?.({ signal }), {})
  t.same(await vault({ trust: 'none' }).trust?.({ signal }), {})
  for (const asks of [stepCa({ root: ca, trust: 'roots' }), stepCa({ fingerprint: 'ab'.repeat(32) }), vault({}), vault({ trust: 'chain' })]) t.equal(asks.trust, undefined)
  t.equal(new Set([{}, { trust: 'chain' }, { trust: 'none' }].map((more) => vault(more).id)).size, 3)
  t.equal(vault({ trust: 'mount' }).id, vault({}).id)
  t.equal(new Set([{ root: ca }, { root: ca, trust: 'roots' }, { root: ca, trust: 'federation' }, { fingerprint: 'ab'.repeat(32) }, { fingerprint: 'cd'.repeat(32) }].map((more) => stepCa(more).id)).size, 5)
  writeFileSync(ca, 'nothing')
  await t.rejects(Promise.resolve(kubernetes({ ca }).trust?.({ signal })), { message: /ca \(.*ca\.pem\): found no certificate/ })
})
