// Certificates: DER of X.509, read by us and by Node. What is read has to agree, and its names have to read back.
import { CertificateInvalidError, parsePeerIdentity } from '@peerkit/identity'
import { mutateDer } from '@peerkit/test-support/mutate-der'
import { compareWithNode } from '../../../packages/identity/scripts/fuzz/compare-with-node.ts'
import { devCaSeeds, handMadeSeeds, opensslSeeds, realWorldSeeds } from '../../../packages/identity/scripts/fuzz/seeds.ts'
import type { Format } from '../engine/format.ts'

const groups = [handMadeSeeds(), await devCaSeeds(), opensslSeeds(), realWorldSeeds().slice(0, 24)]

export const certificate: Format = {
  name: 'certificate',
  seeds: groups.flat(),
  mutate: mutateDer,
  read: (input) => parsePeerIdentity(input),
  isDocumented: (error) => error instanceof CertificateInvalidError,
  check (_found, input) {
    const outcome = compareWithNode(input)
    switch (outcome.kind) {
      case 'agree': return undefined
      case 'disagree': return `Node reads other values: ${outcome.fields.join(', ')}`
      case 'uncoded': return `reading it for the comparison failed: ${String(outcome.error)}`
      default: return outcome.kind
    }
  },
  maxSteps: (octets) => 6_000 + 40 * octets
}
