// Rule sets that reach what is done for many rules and many values: indexes, tries and searches of nested rules. All rules
// are about a few fields and values, so that several match, and most share a value with others.
import { createPartialIdentity } from '@peerkit/identity'
import type { PeerIdentity } from '@peerkit/identity'
import type { Random } from './random.ts'

const FEW = ['a', 'b', 'c']
const MANY = Array.from({ length: 40 }, (_, at) => `v${at}`)
const SEGMENTS = ['x', 'y', 'z']

/** One value, some, or more than are compared one by one. */
function values (random: Random, one: () => unknown): unknown {
  const count = random.pick([1, 1, 1, 1, 2, 3, 10])
  return count === 1 ? one() : Array.from({ length: count }, one)
}

function text (random: Random): string {
  return random.pick(random.chance(0.6) ? FEW : MANY)
}

function idRule (random: Random): string {
  if (random.chance(0.1)) return 'spiffe://td'
  const segments = random.some([...SEGMENTS, '*'], 1, 3)
  return ['spiffe://td', ...segments, ...random.chance(0.2) ? ['**'] : []].join('/')
}

function nested (random: Random, depth: number): unknown {
  const count = random.pick(depth === 0 ? [1, 1, 2, 18] : [1, 1, 2])
  return count === 1 ? crowdedRule(random, depth + 1) : Array.from({ length: count }, () => crowdedRule(random, depth + 1))
}

function crowdedRule (random: Random, depth: number): Record<string, unknown> {
  const rule: Record<string, unknown> = {}
  // A `not` about one key excludes all that its rule allows too often.
  const count = random.pick(depth === 0 ? [1, 2, 2, 3] : [2, 2, 3])
  const attribute = (): unknown => values(random, () => text(random))
  while (Object.keys(rule).length < count) {
    const key = random.pick(['cn', 'cn', 'ou', 'ou', 'o', 'spiffe', 'spiffe', 'subject', 'issuer', 'not', 'via'])
    switch (key) {
      case 'subject': case 'issuer':
        rule[key] = values(random, () => random.chance(0.5) ? { cn: text(random), ou: text(random) } : { o: attribute() })
        break
      case 'spiffe': rule[key] = values(random, () => idRule(random)); break
      case 'not': if (depth < 2) rule.not = nested(random, depth); break
      case 'via': if (depth === 0) rule.via = nested(random, depth); break
      default: rule[key] = attribute()
    }
  }
  return rule
}

/** Up to 16 rules, some of which name a group. */
export function crowdedRuleSet (random: Random): { rules: unknown[], groups: Record<string, unknown> } {
  const groups = { g: Array.from({ length: 1 + random.below(5) }, () => crowdedRule(random, 0)) }
  const rules = Array.from({ length: 1 + random.below(16) }, () => random.chance(0.05) ? 'g' : crowdedRule(random, 0))
  return { rules, groups }
}

/** Often of none of the rules, and without some fields. */
export function crowdedIdentity (random: Random, depth = 0): PeerIdentity {
  const known = <T> (make: () => T): T | undefined => random.chance(0.8) ? make() : undefined
  const own = (): string => random.chance(0.5) ? 'stranger' : text(random)
  const name = (): string => `CN=${own()},CN=${own()},OU=${own()},O=${own()}`
  const id = ['spiffe://td', ...random.some([...SEGMENTS, 'q'], 1, 4)].join('/')
  return createPartialIdentity({
    serialNumber: '01',
    subject: known(name),
    issuer: known(name),
    subjectAltNames: known(() => ({ uri: random.chance(0.7) ? [id] : [] })),
    source: random.pick(['tls', 'forwarded']),
    via: depth > 0 || random.chance(0.4) ? [] : [crowdedIdentity(random, 1)]
  })
}
