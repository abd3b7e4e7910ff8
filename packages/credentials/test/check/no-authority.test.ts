// Certificates in `ca` that are no CA certificates.
import { createDevCa } from '@peerkit/dev-ca'
import { encodePem } from '@peerkit/identity'
import { DIGITAL_SIGNATURE, KEY_CERT_SIGN, Party, basicConstraints, keyUsage } from '@peerkit/test-support/mint'
import type { Extension, Options } from '@peerkit/test-support/mint'
import { test } from 'tap'
import { memoryCredentials } from '../../src/index.ts'

const ca = await createDevCa()
const { chain, key } = await ca.issue()
const DAY = 86_400_000
const absent = (oid: string): Extension => ({ oid, value: new Uint8Array() })

function rootWith (...extensions: readonly Extension[]): string {
  const valid: Options = { notBefore: Date.now() - DAY, notAfter: Date.now() + DAY, extensions }
  return encodePem(new Party('CN=other').root(valid))
}

test('an anchor is a CA by its basicConstraints, and by its keyUsage if it has one', (t) => {
  for (const [what, extensions] of [
    ['basicConstraints that say no CA', [basicConstraints(false)]],
    ['no basicConstraints', [absent('2.5.29.19')]],
    ['a keyUsage without keyCertSign', [keyUsage(DIGITAL_SIGNATURE)]],
    ['neither', [basicConstraints(false), keyUsage(DIGITAL_SIGNATURE)]]
  ] as const) {
    const wrong = rootWith(...extensions)
    for (const anchors of [wrong, [ca.root, wrong]]) {
      t.throws(() => memoryCredentials({ cert: chain, key, ca: anchors }), {
        code: 'MTLS_ERR_CREDENTIALS_REFUSED', reason: 'no_anchor', message: /expected only CA certificates/
      }, what)
    }
  }
  for (const [what, extensions] of [
    ['keyCertSign beside others', [keyUsage(DIGITAL_SIGNATURE, KEY_CERT_SIGN)]],
    ['no keyUsage', [absent('2.5.29.15')]]
  ] as const) {
    t.equal(memoryCredentials({ cert: chain, key, ca: [ca.root, rootWith(...extensions)] }).current.anchors.length, 2, what)
  }
  t.end()
})
