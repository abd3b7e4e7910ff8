// Paths: a leaf and what is sent above it, before a set of trusted CAs. Nobody but the CAs' own certificates may come of
// it, and no content of a certificate may make the evaluation throw.
import { createDevCa } from '@peerkit/dev-ca'
import { parsePeerIdentity } from '@peerkit/identity'
import { certificateEnd } from '@peerkit/identity/x509'
import { mutateDer } from '@peerkit/test-support/mutate-der'
import { createTrustEvaluator } from '@peerkit/trust'
import type { Decision } from '@peerkit/trust'
import type { Format } from '../engine/format.ts'

const [root, other] = [await createDevCa({ name: 'Path root' }), await createDevCa({ name: 'Path root' })]
const middle = await root.intermediate({ name: 'Path middle' })
const lower = await middle.intermediate({ name: 'Path lower' })
const issued = await Promise.all([
  root.issue({ cn: 'plain', profile: 'client' }),
  middle.issue({ cn: 'middle', dns: ['a.example'], profile: 'client' }),
  lower.issue({ spiffe: 'spiffe://td.example/ns/a/sa/b', profile: 'client' }),
  lower.issue({ cn: 'rsa', key: 'rsa-2048', profile: 'client', policies: ['1.2.3.4'] })
])
const strangers = [other.der, (await other.issue({ cn: 'stranger', profile: 'client' })).der]
const honest = [root, middle, lower, ...issued].map(({ der }) => Buffer.from(der))
const known = new Set(honest.map((der) => der.toString('base64')))

const authorities = [{ name: 'clients', ca: [parsePeerIdentity(root.der)] }]
const now = Date.now()
/** Without a memory: the answer to one input must not depend on another one. */
const evaluator = createTrustEvaluator({
  authorities: () => authorities, version: () => 1, now: () => now, cacheSize: 0, maxIntermediates: 0
})

const join = (...ders: readonly Uint8Array[]): Buffer => Buffer.concat(ders)

export const path: Format = {
  name: 'path',
  seeds: [
    join(issued[0].der), join(issued[1].der, middle.der), join(issued[2].der, lower.der, middle.der),
    join(issued[3].der, middle.der, lower.der, root.der), join(issued[1].der, ...strangers, middle.der),
    join(strangers[1] as Uint8Array, other.der), join(root.der)
  ],
  mutate: mutateDer,
  read (input) {
    const [leaf = input, ...sent] = split(input)
    return evaluator.evaluate(leaf, { sent })
  },
  isDocumented: () => false,
  check (decision: Decision, input) {
    if (!decision.accepted) return undefined
    const [leaf = input] = split(input)
    const wrong = [decision.peer, ...decision.peer.chain ?? []].find(({ raw }) => {
      return raw === undefined || !known.has(Buffer.from(raw).toString('base64'))
    })
    if (wrong !== undefined) return `accepted through ${String(wrong)}, which no CA issued`
    return known.has(Buffer.from(leaf).toString('base64')) ? undefined : 'accepted a leaf that no CA issued'
  },
  label: (decision: Decision) => decision.accepted ? 'accepted' : decision.reason,
  maxSteps: (octets) => 60_000 + 200 * octets
}

/** The certificates that follow one another. What is no DER is one more, with the rest of the input. */
function split (input: Buffer): Buffer[] {
  const found: Buffer[] = []
  for (let at = 0; at < input.length && found.length < 12;) {
    let end = input.length
    try {
      end = certificateEnd(input, at)
    } catch {}
    found.push(input.subarray(at, end))
    at = end
  }
  return found
}
