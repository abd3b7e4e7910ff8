// One accepted and one refused leaf, for a process of its own.
import { getFips } from 'node:crypto'
import { createTrustEvaluator } from '../../src/index.ts'
import type { Decision } from '../../src/index.ts'
import { NOW, Party } from '@peerkit/test-support/mint'

const [root, issuing, stranger] = [new Party('CN=root'), new Party('CN=issuing'), new Party('CN=stranger')]
const trust = createTrustEvaluator({ authorities: () => [{ name: 'default', ca: [root.root()] }], now: () => NOW })
const honest = trust.evaluate(issuing.issue(), { sent: [root.certify(issuing)] }) as Decision
const refused = trust.evaluate(stranger.issue(), { sent: [stranger.root()] }) as Decision
console.log(JSON.stringify({ fips: getFips(), honest: honest.accepted, stranger: refused.accepted || refused.reason }))
