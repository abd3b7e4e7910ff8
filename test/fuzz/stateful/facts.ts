// What is true of every certificate of a run, as data. The model reasons with these facts alone, and `pki.ts` makes the
// real certificates of them.

/** Hours from the start of a run until the clock of the servers may pass the end of a certificate. */
export const SHORT = 1

/** The trusted CAs that come and go. The server's own certificates are of a fourth one. */
export const ROOTS = ['A', 'B', 'C'] as const
export type Root = typeof ROOTS[number]

export interface Fact {
  readonly subject: string
  readonly issuer: string
  /** The name of its key. */
  readonly key: string
  /** The key whose signature it bears. `garbage`: a signature of the right form that no key made. */
  readonly signer: string
  /** The key whose identifier it claims for itself, where it lies. */
  readonly claims?: string
  /** The key whose identifier it names as its issuer's, where no key signed it. */
  readonly claimsIssuer?: string
  readonly ca?: true
  /** The DNS name of a leaf. */
  readonly dns?: string
  /** When it ends by the clock of the servers, in hours after the start. OpenSSL's clock does not come that far. */
  readonly ends?: number
  /** It ended before the start, for everybody. */
  readonly expired?: true
}

const root = (subject: string, key: string): Fact => ({ subject, issuer: subject, key, signer: key, ca: true })
const issuing = { subject: 'Issuing', key: 'kIssuing', ca: true } as const
const brought = { subject: 'Brought', key: 'kBrought', issuer: 'Root C', signer: 'kC', ca: true } as const

/** CA certificates. The names of those that nobody should believe begin with `forged`. */
export const CAS = {
  A: root('Root A', 'kA'),
  B: root('Root B', 'kB'),
  C: root('Root C', 'kC'),
  issuing: { ...issuing, issuer: 'Root A', signer: 'kA' },
  /** Cross-signs: B vouches for CAs of A. */
  issuingByB: { ...issuing, issuer: 'Root B', signer: 'kB' },
  issuingByBExpired: { ...issuing, issuer: 'Root B', signer: 'kB', expired: true },
  issuingByBShort: { ...issuing, issuer: 'Root B', signer: 'kB', ends: SHORT },
  rootAByB: { subject: 'Root A', key: 'kA', issuer: 'Root B', signer: 'kB', ca: true },
  /** The name of another CA, and a key of its own. */
  twin: { subject: 'Issuing', key: 'kTwin', issuer: 'Root A', signer: 'kA', ca: true },
  second: { subject: 'Second', key: 'kSecond', issuer: 'Root A', signer: 'kA', ca: true },
  /** No server knows these: clients bring them. They are one CA, certified three times. */
  brought,
  broughtAgain: brought,
  broughtShort: { ...brought, ends: SHORT },
  forgedIssuing: { ...issuing, issuer: 'Root A', signer: 'garbage', claimsIssuer: 'kA' },
  forgedIssuingOfThief: {
    subject: 'Issuing', key: 'kThief', claims: 'kIssuing', issuer: 'Root A', signer: 'garbage', claimsIssuer: 'kA', ca: true
  },
  forgedBroughtByB: {
    subject: 'Brought', key: 'kBrought', issuer: 'Root B', signer: 'garbage', claimsIssuer: 'kB', ca: true
  },
  forgedRootAByB: { subject: 'Root A', key: 'kA', issuer: 'Root B', signer: 'garbage', claimsIssuer: 'kB', ca: true },
  stranger: root('Stranger', 'kStranger')
} as const satisfies Record<string, Fact>

const byIssuing = { issuer: 'Issuing', signer: 'kIssuing' }

/** Leaves. The name is the subject, and the name of the key. */
export const LEAVES = Object.fromEntries(Object.entries({
  alice: { ...byIssuing, dns: 'alice.shared.example' },
  bob: { ...byIssuing, dns: 'bob.a.example' },
  brief: { ...byIssuing, dns: 'brief.shared.example', ends: SHORT },
  sam: { issuer: 'Second', signer: 'kSecond', dns: 'sam.shared.example' },
  dora: { issuer: 'Root A', signer: 'kA', dns: 'dora.shared.example' },
  /** It calls servers by undici-mtls. */
  caller: { issuer: 'Root A', signer: 'kA', dns: 'caller.shared.example' },
  /** It forwards certificates of others, and servers believe it while authority a vouches for it. */
  gateway: { issuer: 'Root A', signer: 'kA', dns: 'gateway.shared.example' },
  carol: { issuer: 'Root B', signer: 'kB', dns: 'carol.b.example' },
  eve: { issuer: 'Brought', signer: 'kBrought', dns: 'eve.c.example' },
  /** A name that B does not vouch for. */
  outside: { issuer: 'Root B', signer: 'kB', dns: 'outside.a.example' },
  /** The twin publishes no list, so nobody knows whether this one is revoked. */
  unlisted: { issuer: 'Issuing', signer: 'kTwin', dns: 'unlisted.shared.example' },
  expired: { issuer: 'Root A', signer: 'kA', dns: 'expired.shared.example', expired: true as const },
  thief: { issuer: 'Issuing', signer: 'kThief', claimsIssuer: 'kIssuing', dns: 'thief.shared.example' },
  garbage: { issuer: 'Root A', signer: 'garbage', claimsIssuer: 'kA', dns: 'garbage.shared.example' },
  strange: { issuer: 'Stranger', signer: 'kStranger', dns: 'strange.shared.example' }
}).map(([name, fact]): [string, Fact] => [name, { subject: name, key: `k-${name}`, ...fact }]))

export const FACTS: Readonly<Record<string, Fact>> = { ...CAS, ...LEAVES }

/** Certificates whose CAs answer by OCSP: every server asks about them, for each authority. */
export const OCSP_NAMES: readonly string[] = Object.entries(FACTS)
  .filter(([, { subject, issuer, signer }]) => (signer === 'kB' || signer === 'kBrought') && subject !== issuer)
  .map(([name]) => name)

export interface AuthorityFact {
  readonly root: Root
  /** The DNS names that it vouches for. Undefined: it is not believed about any. */
  readonly dns: readonly string[] | undefined
  /** CA certificates that its server knows, so that they can sign lists. */
  readonly listSigners: readonly string[]
  /** The CAs (one certificate of each) whose lists it has. Undefined: it asks nobody about revocation. */
  readonly lists: readonly string[] | undefined
  /** Intermediates that it is configured with: from the start, and when the cross-signs are published. */
  readonly intermediates: readonly string[]
  readonly crossSigns: readonly string[]
}

/** The authorities of a server, in their order. The first that accepts a certificate vouches for it. */
export const AUTHORITIES: Readonly<Record<string, AuthorityFact>> = {
  a: {
    root: 'A',
    dns: ['a.example', 'shared.example'],
    listSigners: ['issuing', 'second'],
    lists: ['A', 'issuing', 'second'],
    intermediates: ['second'],
    crossSigns: []
  },
  b: {
    root: 'B',
    dns: ['b.example', 'shared.example'],
    listSigners: ['issuingByB', 'rootAByB', 'second'],
    lists: ['A', 'B', 'issuing', 'second'],
    intermediates: [],
    crossSigns: ['issuingByB', 'rootAByB']
  },
  c: { root: 'C', dns: undefined, listSigners: [], lists: undefined, intermediates: [], crossSigns: [] }
}
