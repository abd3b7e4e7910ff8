import { countSignatures } from './support/count-signatures.ts'
import { test } from 'tap'
import { createPathValidator } from '@peerkit/trust'
import type { PathVerdict } from '@peerkit/trust'
import { dial, present } from './support/dial.ts'
import {
  alternativeNames, certify, dnsName, issueClient, issueServer, keyIdOf, makeIntermediate, makeKey, makeRoot
} from './support/forger.ts'
import type { Authority, Made } from './support/forger.ts'
import { TRUE, element, explicit, nameOf, sequence } from '@peerkit/test-support/der'
import { serve } from './support/serve.ts'

const MAX_SIGNATURES = 12
const root = makeRoot('Root')
const key = makeKey()

interface Work {
  readonly verdict: PathVerdict, readonly signatures: number, readonly steps: number, readonly marks: number
}

/** Methods by which names are compared. */
const METHODS = ['toLowerCase', 'endsWith', 'startsWith', 'includes', 'indexOf', 'slice', 'split', 'normalize'] as const

/**
 * How often strings are looked at while `work` is done, and by how much normalisation costs: the square of the longest
 * run of combining marks.
 */
async function countSteps (work: () => unknown): Promise<{ steps: number, marks: number }> {
  const counted = { steps: 0, marks: 0 }
  const kept = METHODS.map((method) => [method, String.prototype[method]] as const)
  for (const [method, original] of kept) {
    (String.prototype as any)[method] = function (this: string, ...given: unknown[]) {
      counted.steps += 1
      if (method === 'normalize') counted.marks += longestRun(String(this)) ** 2
      return Reflect.apply(original, this, given)
    }
  }
  try {
    await work()
  } finally {
    for (const [method, original] of kept) (String.prototype as any)[method] = original
  }
  return counted
}

const MARK = /\p{M}/u
function longestRun (value: string): number {
  let longest = 0
  let run = 0
  for (const character of value) {
    run = MARK.test(character) ? run + 1 : 0
    longest = Math.max(longest, run)
  }
  return longest
}

/** Validates once, by a validator that knows nothing yet. */
async function validate (leaf: Made, above: readonly Made[]): Promise<Work> {
  const validator = createPathValidator({ anchors: () => [root.der] })
  let verdict: PathVerdict = { valid: true, path: [], anchor: undefined as any, until: 0 }
  let counted = { steps: 0, marks: 0 }
  const signatures = await countSignatures(async () => {
    counted = await countSteps(
      async () => { verdict = await validator.validate(leaf.der, above.map(({ der }) => der)) }
    )
  })
  return { verdict, signatures, ...counted }
}

/** A name that is a run of combining marks, of so many octets, which stand in another order than the canonical one. */
function marksOf (octets: number): Uint8Array {
  return nameOf('a' + '\u0301\u0323'.repeat(Math.floor(octets / 4)))
}

/** Looks at strings that one decision may take, and its share of normalisation: a few milliseconds together. */
const STEPS = 32_768
const MARKS = 1_000_000

const UNPROVEN = /unknown_ca|signature_invalid|budget_exceeded|path_length/

interface Attack { readonly leaf: Made, readonly above: readonly Made[], readonly reason: RegExp }

/** A stranger's leaf: the names of subject and issuer are all of it. */
function marked (octets: number): Attack {
  const leaf = certify({ subject: marksOf(octets / 2), issuer: marksOf(octets / 2), key, signer: 'garbage' })
  return { leaf, above: [], reason: /unknown_ca|unreadable|too_large|budget_exceeded/ }
}

/**
 * A CA whose constraints exclude many subtrees, and a leaf with many names, the last of which is excluded: as many
 * comparisons as the one has names times the other.
 */
function constrained (names: number, subtrees: number): Attack {
  const excluded = Array.from({ length: subtrees }, (_, index) => sequence(dnsName(`x${index}.example`)))
  const constraints = { type: '2.5.29.30', critical: true, value: sequence(element(0xa1, ...excluded)) }
  const ca = makeIntermediate(root, 'Constrained', { extensions: [constraints] })
  const listed = Array.from(
    { length: names }, (_, index) => dnsName(index === names - 1 ? 'a.x0.example' : `n${index}.other`)
  )
  return {
    leaf: issueClient(ca, 'named', { extensions: [alternativeNames(...listed)] }),
    above: [ca],
    reason: /name_constraint|budget_exceeded|too_large/
  }
}

/** CAs that all signed each other, one of which the root signed too, and a leaf that none of them signed. */
function crossed (count: number): Attack {
  const ring = Array.from({ length: count }, (_, index) => makeRoot(`Ring ${index}`))
  const above = ring.flatMap(
    (issuer) => ring.filter((subject) => subject !== issuer).map(
      (subject) => makeIntermediate(issuer, subject.name, { key: subject.key })
    )
  )
  const exit = makeIntermediate(root, ring[count - 1]!.name, { key: ring[count - 1]!.key })
  return {
    leaf: issueClient(ring[0]!, 'in the ring', { signer: 'garbage' }), above: [exit, ...above], reason: UNPROVEN
  }
}

/** CAs of one name and one key identifier, each signed by the root, none of which signed the leaf. */
function candidates (count: number, signer: 'root' | 'garbage'): Attack {
  const right = makeKey()
  const made = Array.from(
    { length: count },
    () => makeIntermediate(
      root,
      'Candidate',
      { keyId: keyIdOf(right), ...(signer === 'garbage' && { signer, issuerKeyId: keyIdOf(root.key) }) }
    )
  )
  return { leaf: issueClient({ ...made[0]!, key: right }, 'of none'), above: made, reason: UNPROVEN }
}

/**
 * CAs in a tower: each level has two of one name, signed by the first and the second of the level above, up to the
 * root; a leaf that none of them signed.
 */
function tower (levels: number): Attack {
  let level: readonly Authority[] = [root, root]
  const above: Authority[] = []
  for (let height = levels - 1; height >= 0; height -= 1) {
    level = level.map((issuer) => makeIntermediate(issuer, `Level ${height}`, { keyId: null, issuerKeyId: null }))
    above.push(...level)
  }
  return {
    leaf: issueClient(level[0]!, 'below the tower', { signer: 'garbage', issuerKeyId: null }), above, reason: UNPROVEN
  }
}

/** For the validator, which takes 64 KB, and for a gateway's header, which takes 16 KB. */
const ATTACKS: Readonly<Record<string, { readonly whole: () => Attack, readonly inHeader: () => Attack }>> = {
  'names that are runs of combining marks': { whole: () => marked(62_000), inHeader: () => marked(7_000) },
  'thousands of name constraint comparisons': {
    whole: () => constrained(256, 128), inHeader: () => constrained(96, 96)
  },
  'CAs that all signed each other': { whole: () => crossed(4), inHeader: () => crossed(3) },
  'sixteen CAs of one name': { whole: () => candidates(16, 'root'), inHeader: () => candidates(8, 'root') },
  'sixteen CAs of one name that nobody signed': {
    whole: () => candidates(16, 'garbage'), inHeader: () => candidates(8, 'garbage')
  },
  'a tower of twins': { whole: () => tower(8), inHeader: () => tower(4) }
}

for (const [what, { whole }] of Object.entries(ATTACKS)) {
  test(`${what} are refused, with a reason, for little work`, async (t) => {
    const { leaf, above, reason } = whole()
    const { verdict, signatures, steps, marks } = await validate(leaf, above)
    t.match(verdict, { valid: false, step: reason, detail: /./ })
    t.ok(signatures <= MAX_SIGNATURES, `${signatures} signatures`)
    t.ok(steps <= STEPS, `${steps} looks at strings`)
    t.ok(marks <= MARKS, `${marks} for normalisation`)
  })
}

test('what is honest stays within the same bounds', async (t) => {
  const ca = makeIntermediate(
    root,
    'Constrained',
    { extensions: [{ type: '2.5.29.30', critical: true, value: sequence(explicit(0, sequence(dnsName('example')))) }] }
  )
  const names = Array.from({ length: 40 }, (_, index) => dnsName(`host${index}.example`))
  const leaf = issueClient(ca, 'm\u00fcller', { extensions: [alternativeNames(...names)] })
  const { verdict, signatures, steps } = await validate(leaf, [makeRoot('Beside'), ca, makeRoot('Root')])
  t.equal(verdict.valid, true)
  t.ok(signatures <= MAX_SIGNATURES && steps <= STEPS, `${signatures} signatures, ${steps} looks at strings`)
  const deep = Array.from({ length: 7 }).reduce<Authority[]>(
    (above) => [makeIntermediate(above[0] ?? root, `Level ${above.length}`), ...above], []
  )
  t.match(await validate(issueClient(deep[0]!, 'deep'), deep), { verdict: { valid: true }, signatures: 8 })
})

const field = (...made: readonly Made[]): string => made.map(({ der }) => `:${der.toString('base64')}:`).join(', ')

for (const [what, { inHeader }] of Object.entries(ATTACKS)) {
  test(`${what} in a gateway's header are refused for little work, and the next client is served`, async (t) => {
    const own = issueServer(root)
    const { port } = await serve(t, {
      material: { cert: own.pem, key: own.keyPem, ca: root.pem },
      forwarded: {
        format: 'rfc9440', verification: 'in-process', gateways: { addresses: ['127.0.0.1'] }, maxChainLength: 16
      }
    })
    const gateway = await dial(present(issueClient(root, 'gateway')), { port })
    t.teardown(async () => { await gateway.close() })
    const { leaf, above } = inHeader()
    const headers = { 'client-cert': field(leaf), 'client-cert-chain': field(...above) }
    t.ok(Object.values(headers).join('').length < 16_000, 'Node takes such a header')
    t.equal((await gateway.ask({ 'client-cert': field(issueClient(root, 'first')) })).status, 200)
    let status: number | undefined
    let counted = { steps: 0, marks: 0 }
    const signatures = await countSignatures(
      async () => { counted = await countSteps(async () => { status = (await gateway.ask(headers)).status }) }
    )
    t.equal(status, 401)
    t.ok(signatures <= MAX_SIGNATURES, `${signatures} signatures`)
    t.ok(counted.steps <= STEPS, `${counted.steps} looks at strings`)
    t.ok(counted.marks <= MARKS, `${counted.marks} for normalisation`)
    t.equal((await gateway.ask({ 'client-cert': field(issueClient(root, 'next')) })).status, 200)
  })
}

test('an extension that is there a thousand times, or never ends, is refused at once', async (t) => {
  const twice = Array.from({ length: 1000 }, (_, index) => ({ type: `1.3.6.1.4.1.1.${index}`, value: TRUE }))
  t.match(
    (await validate(issueClient(root, 'many', { extensions: [...twice, ...twice] }), [])).verdict, { valid: false }
  )
  const huge = issueClient(root, 'huge', { extensions: [{ type: '1.3.6.1.4.1.1.1', value: Buffer.alloc(70_000) }] })
  t.match(await validate(huge, []), { verdict: { valid: false, step: 'too_large' }, signatures: 0 })
})
