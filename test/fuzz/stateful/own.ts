// The certificates of servers, and which of them a caller must accept. Like `facts.ts` and `model.ts`, for the other
// direction.

/** The CAs of servers that a caller trusts, or does not. */
export const OWN_ROOTS = ['O', 'P'] as const
export type OwnRoot = typeof OWN_ROOTS[number]

export interface OwnFact {
  /** `below`: by an intermediate, which the server sends. */
  readonly issuer: OwnRoot | 'below'
  /** The name of its key's owner. A caller allows `server` alone. */
  readonly cn: 'server' | 'impostor'
  /** The name of its host. A caller asks for `localhost`. */
  readonly dns: 'localhost' | 'elsewhere.example'
}

/** What a server may present. `below` hangs under O. */
export const OWN_KINDS = {
  byO: { issuer: 'O', cn: 'server', dns: 'localhost' },
  below: { issuer: 'below', cn: 'server', dns: 'localhost' },
  byP: { issuer: 'P', cn: 'server', dns: 'localhost' },
  impostor: { issuer: 'O', cn: 'impostor', dns: 'localhost' },
  elsewhere: { issuer: 'P', cn: 'server', dns: 'elsewhere.example' }
} as const satisfies Record<string, OwnFact>
export type OwnKind = keyof typeof OWN_KINDS

/** A certificate of a server. */
export interface Own {
  readonly kind: OwnKind
  /** Its serial number, in lower-case hexadecimal. */
  readonly serial: string
}

/** What a caller was told. `below` stands for the intermediate, anything else is a serial number. */
export interface CallerTrust {
  readonly roots: ReadonlySet<OwnRoot>
  readonly revoked: ReadonlySet<string>
  readonly blocked: ReadonlySet<string>
}

/** Whether a caller must accept a server with a certificate. */
export function acceptsServer ({ kind, serial }: Own, { roots, revoked, blocked }: CallerTrust): boolean {
  const { issuer, cn, dns }: OwnFact = OWN_KINDS[kind]
  const path = issuer === 'below' ? [serial, 'below'] : [serial]
  return roots.has(issuer === 'below' ? 'O' : issuer) && cn === 'server' && dns === 'localhost' &&
    path.every((each) => !revoked.has(each) && !blocked.has(each))
}
