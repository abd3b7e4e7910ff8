import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'tap'
import type { Test } from 'tap'
import { stepCaIssuer } from '@peerkit/issuers/step-ca'
import { issuerCases } from '@peerkit/issuers/test'
import type { IssuerHarness } from '@peerkit/issuers/test'
import { startStepCa, tokenOf } from '../support/stand-in-step-ca.ts'

function harness (t: Test, trust: 'pinned' | 'roots'): IssuerHarness {
  return async (world) => {
    const server = await startStepCa(world)
    const root = join(t.testdir(), 'roots.pem')
    writeFileSync(root, server.root + world.root)
    const issuer = stepCaIssuer({
      url: server.url,
      root,
      names: { cn: 'kit', dns: ['kit.example'] },
      enrol: { token: () => tokenOf({ iss: 'kit' }) },
      trust,
      clock: () => world.clock.now()
    })
    return { issuer, givesCa: trust === 'roots', close: server.close }
  }
}

for (const { name, run } of issuerCases) {
  test(`step-ca: ${name}`, async (t) => { await run(harness(t, 'pinned')) })
  test(`step-ca, with the roots that it names: ${name}`, async (t) => { await run(harness(t, 'roots')) })
}
