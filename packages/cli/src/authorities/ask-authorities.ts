import { claimsOf, parsePeerIdentity } from '@peerkit/identity'
import type { CrlChecker } from '@peerkit/revocation'
import { createTrustEvaluator } from '@peerkit/trust'
import type { Authority, Decision, OutsideName, Refused, TrustEvaluatorOptions } from '@peerkit/trust'
import { vouchesFor } from './read-authorities.ts'
import type { NamedAuthority, Side } from './read-authorities.ts'

/** A chain and the purpose it is presented for. */
export interface AskedChain {
  /** The leaf first. */
  readonly chain: readonly Uint8Array[]
  readonly purpose: NonNullable<TrustEvaluatorOptions['purpose']>
  readonly side: Side
  /** Milliseconds since the epoch. */
  readonly at: number
}

/** An authority and its revocation checker. */
export interface AskedAuthority {
  readonly authority: NamedAuthority
  readonly checker: CrlChecker | undefined
}

/** The answer of one authority about a refused chain. */
export interface AuthorityAnswer {
  readonly authority: NamedAuthority
  /** Undefined: it was not asked, because it is only for the other side. */
  readonly refused: Refused | undefined
  /** Of one that is not asked: whether the chain leads to it. */
  readonly leadsHere: boolean
  /** The name that it does not vouch for. */
  readonly outside: OutsideName | undefined
}

/** Verifies the chain with all authorities of one side, as the plugins do. */
export async function askAuthorities (asked: readonly AskedAuthority[], question: AskedChain): Promise<Decision> {
  const { chain: [leaf = new Uint8Array(), ...sent], purpose, side, at } = question
  const authorities = asked.filter(({ authority }) => vouchesFor(authority, side)).map(toAuthority)
  const trust = createTrustEvaluator({ authorities: () => authorities, purpose, now: () => at })
  return await trust.evaluate(leaf, { sent })
}

/** Verifies a refused chain with each authority alone. */
export async function askEach (
  asked: readonly AskedAuthority[], question: AskedChain
): Promise<readonly AuthorityAnswer[]> {
  return await Promise.all(asked.map(async (one) => {
    const { authority } = one
    if (!vouchesFor(authority, question.side)) {
      return { authority, refused: undefined, leadsHere: await leadsTo(one, question), outside: undefined }
    }
    const decision = await askAuthorities([one], question)
    const refused = decision.accepted ? undefined : decision
    return { authority, refused, leadsHere: false, outside: findOutside(authority, refused, question) }
  }))
}

/** Whether the chain leads to an authority, whatever it vouches for. */
async function leadsTo (
  one: AskedAuthority, { chain: [leaf = new Uint8Array(), ...sent], at }: AskedChain
): Promise<boolean> {
  const authority: Authority = { ...toAuthority(one), names: 'any', spiffeOnly: false, revocation: [] }
  const trust = createTrustEvaluator({ authorities: () => [authority], purpose: 'any', now: () => at })
  return (await trust.evaluate(leaf, { sent })).accepted
}

function findOutside (
  { bounds, tolerate }: NamedAuthority, refused: Refused | undefined, { chain: [leaf] }: AskedChain
): OutsideName | undefined {
  if (refused?.detail.step !== 'outside_authority' || leaf === undefined) return undefined
  // With the names that can be read, also those of a kind of which others cannot.
  return bounds.findOutside(claimsOf(parsePeerIdentity(leaf, { tolerate })))
}

function toAuthority ({ authority, checker }: AskedAuthority): Authority {
  const { name, names, partial, spiffeOnly, algorithms, serverAuthOnlyUntil, tolerate, ca, known } = authority
  return {
    name,
    names,
    partial,
    spiffeOnly,
    tolerate,
    ca: ca.flatMap(({ certificates }) => certificates),
    intermediates: known.flatMap(({ certificates }) => certificates),
    revocation: checker === undefined ? [] : [checker],
    ...(algorithms !== undefined && { algorithms }),
    ...(serverAuthOnlyUntil !== undefined && { serverAuthOnlyUntil })
  }
}
