import type { CheckOptions, CredentialMaterial } from '@peerkit/credentials'
import type { RevocationChecker } from '@peerkit/revocation'
import { issueServer, makeCrl } from './forger.ts'
import type { Made } from './forger.ts'
import { keysOf } from './realm.ts'
import type { Attacker, Realm } from './realm.ts'
import { Responder } from './serve.ts'

/** How revocation is asked about: not at all, or by lists or a responder, under either policy. */
export const POLICIES = ['no', 'soft CRL', 'hard CRL', 'soft OCSP', 'hard OCSP'] as const
export type Policy = typeof POLICIES[number]
export const EVENTS = ['CA removed', 'leaf revoked', 'intermediate revoked'] as const
export type Event = typeof EVENTS[number]

/** Whom an event is about. */
export function concerns (event: Event, { intermediate }: Attacker): boolean {
  return event !== 'intermediate revoked' || intermediate !== undefined
}

/** Trust in a realm under a policy, and what becomes of it. */
export interface Trusting {
  readonly material: CredentialMaterial & CheckOptions
  readonly revocation: RevocationChecker | undefined
  /** What to put in force when the event has happened. */
  after (event: Event, attackers: readonly Attacker[]): Partial<CredentialMaterial>
}

export function trust (realm: Realm, policy: Policy): Trusting {
  const { a, b, listed, brought } = realm
  const own = issueServer(b)
  const mode = policy.startsWith('soft') ? 'soft' : 'hard'
  const responder = policy.endsWith('OCSP') ? new Responder(keysOf(realm), mode) : undefined
  const byLists = policy.endsWith('CRL')
  const lists = (revoked: readonly Made[] = []): string[] =>
    [a, b, listed, brought].map((ca) => makeCrl(ca, revoked.filter(({ draft }) => draft.issuer === ca.name)))
  return {
    material: {
      cert: own.pem,
      key: own.keyPem,
      ca: [a.pem, b.pem, listed.pem],
      revocationPolicy: mode,
      ...(byLists && { crl: lists(), crlIssuers: brought.pem })
    },
    revocation: responder as RevocationChecker | undefined,
    after (event, attackers) {
      // The CA below A stays listed: it falls with its root.
      if (event === 'CA removed') {
        const left = byLists ? { crl: [makeCrl(b), makeCrl(listed)], crlIssuers: undefined } : {}
        return { ca: [b.pem, listed.pem], ...left }
      }
      const revoked = event === 'leaf revoked' ? attackers.map(({ leaf }) => leaf) : [listed, brought]
      responder?.revoke(revoked.map(({ serial }) => serial))
      return byLists ? { crl: lists(revoked) } : {}
    }
  }
}

/** Each policy with the events that count under it. */
export const SCENARIOS: ReadonlyArray<{ readonly policy: Policy, readonly event: Event }> =
  POLICIES.flatMap(
    (policy) => EVENTS.filter((event) => policy !== 'no' || event === 'CA removed').map((event) => ({ policy, event }))
  )
