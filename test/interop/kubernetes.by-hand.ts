// A real API server of Kubernetes: requests, approval, rights of service accounts, refusals.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'tap'
import { renewingCredentials } from '@peerkit/credentials'
import { kubernetesIssuer } from '@peerkit/issuers/kubernetes'
import type { KubernetesIssuerOptions } from '@peerkit/issuers/kubernetes'
import { startSigner } from './kubernetes/signer.ts'
import { startApiServer } from './kubernetes/start-api-server.ts'

const SIGNER = 'mesh.example/service'
const PATH = '/apis/certificates.k8s.io/v1/certificatesigningrequests'
const RBAC = '/apis/rbac.authorization.k8s.io/v1'

test('Kubernetes', { timeout: 300_000 }, async (t) => {
  const server = await startApiServer(t)
  const signer = await startSigner(server, SIGNER)
  t.teardown(async () => { await signer.close() })
  const ca = join(server.folder, 'mesh.pem')
  writeFileSync(ca, signer.root)
  const permit = async (account: string, verbs: readonly string[]): Promise<string> => {
    await server.call('POST', `${RBAC}/clusterroles`, { metadata: { name: account }, rules: [{ apiGroups: ['certificates.k8s.io'], resources: ['certificatesigningrequests'], verbs }] })
    await server.call('POST', `${RBAC}/clusterrolebindings`, {
      metadata: { name: account }, roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: account }, subjects: [{ kind: 'ServiceAccount', name: account, namespace: 'prod' }]
    })
    return await server.serviceAccount(account)
  }
  const start = async (serviceAccount: string, more: Partial<KubernetesIssuerOptions> = {}) => {
    const issuer = kubernetesIssuer({ url: server.url, serviceAccount, signerName: SIGNER, names: { cn: 'ledger', dns: ['ledger.prod.svc'] }, ca, ...more })
    const source = await renewingCredentials(issuer, { chain: 'required', attempts: 1 })
    t.teardown(async () => { await source.close() })
    return source
  }
  const ledger = await permit('ledger', ['create', 'get', 'delete'])

  await t.test('a certificate, and its renewal', async (t) => {
    const source = await start(ledger, { lifetime: 3_600_000, labels: { app: 'ledger' }, annotations: { 'mesh.example/team': 'payments' }, generateName: 'ledger-' })
    t.equal(source.current.intermediates.length, 1)
    t.equal(source.current.notAfter - (source.current.identity.notBefore ?? 0), 3_600_000)
    t.match(signer.seen.at(-1), {
      metadata: { name: /^ledger-/, labels: { app: 'ledger' }, annotations: { 'mesh.example/team': 'payments' } },
      spec: { username: 'system:serviceaccount:prod:ledger', expirationSeconds: 3_600, usages: ['digital signature', 'server auth', 'client auth'] }
    })
    const { serialNumber } = source.current.identity
    t.not((await source.refresh()).identity.serialNumber, serialNumber)
    t.same((await server.call('GET', PATH)).items, [], 'the request objects are removed')
  })

  await t.test('Denied, Failed, and nobody', async (t) => {
    const expected = [
      ['deny', 'denied', /was denied: ByTest: the test said deny/], ['fail', 'refused', /failed: ByTest: the test said fail/],
      ['nothing', 'unavailable', /was approved by nobody within 1000 ms/], ['approve', 'unavailable', /is approved, and no signer signed it within 1000 ms/]
    ] as const
    for (const [behaviour, reason, message] of expected) {
      signer.behaviour = behaviour
      await t.rejects(start(ledger, { waitFor: 1_000 }), { cause: { reason, message } })
    }
    signer.behaviour = 'sign'
    t.same((await server.call('GET', PATH)).items, [])
  })

  await t.test('rights that are missing', async (t) => {
    await t.rejects(start(await server.serviceAccount('stranger')), { cause: { reason: 'denied', status: 403, message: /lacks the verb "create" for certificatesigningrequests.*system:serviceaccount:prod:stranger/ } })
    await t.rejects(start(await permit('blind', ['create'])), { cause: { reason: 'denied', status: 403, message: /lacks the verb "get"/ } })
    t.ok(await start(await permit('untidy', ['create', 'get'])), 'without delete there is a certificate, and the object stays')
    t.ok((await server.call('GET', PATH)).items.length >= 2)
  })

  await t.test('what the API server refuses', async (t) => {
    await t.rejects(start(ledger, { usages: ['flying'] }), { cause: { reason: 'refused', status: 422, message: /the request is not accepted; it says: .*usages/ } })
    await t.rejects(start(ledger, { labels: { app: 'not a label!' } }), { cause: { reason: 'refused', status: 422, message: /metadata\.labels/ } })
    writeFileSync(join(ledger, 'token'), 'eyJhbGciOiJSUzI1NiJ9.e30.c2ln')
    await t.rejects(start(ledger), { cause: { reason: 'denied', status: 401, message: /the token in .* is not accepted/ } })
  })
})
