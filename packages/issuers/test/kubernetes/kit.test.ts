import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'tap'
import type { Test } from 'tap'
import { kubernetesIssuer } from '@peerkit/issuers/kubernetes'
import { issuerCases } from '@peerkit/issuers/test'
import type { IssuerHarness } from '@peerkit/issuers/test'
import { startKubernetes } from '../support/stand-in-kubernetes.ts'

function harness (t: Test, givesCa: boolean): IssuerHarness {
  return async (world) => {
    const ca = join(t.testdir(), 'ca.pem')
    // As kubelet does with a ClusterTrustBundle.
    const { url, serviceAccount, close } = await startKubernetes(world, () => { writeFileSync(ca, world.root) })
    const issuer = kubernetesIssuer({
      url, serviceAccount, signerName: 'mesh.example/service', names: { cn: 'kit', dns: ['kit.example'] }, ...(givesCa && { ca })
    })
    return { issuer, givesCa, close }
  }
}

for (const { name, run } of issuerCases) {
  test(`Kubernetes: ${name}`, async (t) => { await run(harness(t, false)) })
  test(`Kubernetes, with a file of CAs: ${name}`, async (t) => { await run(harness(t, true)) })
}
