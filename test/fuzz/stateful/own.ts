// The certificates of servers, and which of them a caller must accept. Like `facts.ts` and `model.ts`, for the other
// direction.

export const HOUR = 3_600_000

/** The CAs of servers that a caller trusts, or does not. */
export const OWN_ROOTS = ['O', 'P'] as const
export type OwnRoot = typeof OWN_ROOTS[number]

/** Hours after which the certificates of the kind `brief` end. */
const BRIEF = 13

export interface OwnFact {
  /** `below`: by an intermediate, which the server sends. */
  readonly issuer: OwnRoot | 'below'
  /** The name of its key's owner. A caller allows `server` alone. */
  readonly cn: 'server' | 'impostor'
  /** The name of its host. A caller asks for `localhost`. */
  readonly dns: 'localhost' | 'elsewhere.example'
  /** When it ends by the clock of the caller, in hours after the start. The clock of no server comes that far. */
  readonly ends?: number
}

/** What a server may present. `below` hangs under O. */
export const OWN_KINDS = {
  byO: { issuer: 'O', cn: 'server', dns: 'localhost' },
  below: { issuer: 'below', cn: 'server', dns: 'localhost' },
  brief: { issuer: 'O', cn: 'server', dns: 'localhost', ends: BRIEF },
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
  /** Hours since the start. */
  readonly time: number
}

/** Whether a caller must accept a server with a certificate. */
export function acceptsServer ({ kind, serial }: Own, { roots, revoked, blocked, time }: CallerTrust): boolean {
  const { issuer, cn, dns, ends = Infinity }: OwnFact = OWN_KINDS[kind]
  const path = issuer === 'below' ? [serial, 'below'] : [serial]
  return roots.has(issuer === 'below' ? 'O' : issuer) && cn === 'server' && dns === 'localhost' && time < ends &&
    path.every((each) => !revoked.has(each) && !blocked.has(each))
}
