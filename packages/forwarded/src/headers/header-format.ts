import type { ForwardedReason } from '@peerkit/events'
import type { KnownIdentity } from '@peerkit/identity'

/** The purpose of a header. */
export type HeaderRole =
  | 'certificate'  // the client's certificate, or the names from it
  | 'chain'        // the certificates that issued it
  | 'verified'     // the gateway's verdict
  | 'present'      // whether the client sent a certificate
  | 'revoked'      // whether the gateway found it revoked
  | 'hash'         // SHA-256 of the certificate

/** Names of the headers, by role. */
export type HeaderNames = Readonly<Partial<Record<HeaderRole, string>>>
/** Header values by role. An empty value counts as none. All keys exist, so that comparing is fast. */
export type HeaderValues = Readonly<Record<HeaderRole, string | undefined>>

export function createValues (): Record<HeaderRole, string | undefined> {
  return {
    certificate: undefined,
    chain: undefined,
    verified: undefined,
    present: undefined,
    revoked: undefined,
    hash: undefined
  }
}

/** Whether two requests have the same values. Not a loop over the roles, which takes ten times as long. */
export function sameValues (one: HeaderValues, other: HeaderValues): boolean {
  return one.certificate === other.certificate && one.chain === other.chain && one.verified === other.verified &&
    one.present === other.present && one.revoked === other.revoked && one.hash === other.hash
}

export const ROLES: readonly HeaderRole[] = Object.freeze(Object.keys(createValues()) as HeaderRole[])

/** What the gateway says about one peer: a certificate and its possible chain, or parts of an identity. */
export type Claim =
  | { readonly leaf: Uint8Array, readonly chain: readonly Uint8Array[] }
  | { readonly known: KnownIdentity }

/** The meaning of a request's headers. */
export type Reading =
  /** The client sent no certificate. */
  | { readonly state: 'none' }
  /** The client, then the gateways, nearest last. */
  | { readonly state: 'claims', readonly claims: readonly [Claim, ...Claim[]] }
  | { readonly state: 'refused', readonly reason: ForwardedReason, readonly role: HeaderRole }

/** The header format of one kind of gateway. */
export interface HeaderFormat {
  readonly headers: HeaderNames
  /** Whether the gateway verifies chains. If not, they are validated in process. */
  readonly verifies: boolean
  /** Headers that identify the client, besides `headers.certificate`. Readers of other formats refuse them. */
  readonly identifying?: readonly string[]
  /** Like `identifying`, for headers that the gateway sends too, and that are not read. */
  readonly unread?: readonly string[]
  /**
   * @param byGateway whether the gateway's verdict decides; if not, the chain is validated in process
   */
  read (values: HeaderValues, byGateway: boolean): Reading
}

export function refuseReading (reason: ForwardedReason, role: HeaderRole): Reading {
  return { state: 'refused', reason, role }
}

/** Decodes one or more certificates to DER. Returns undefined if the text is malformed. */
export type Decoder = (text: string) => readonly Uint8Array[] | undefined

/** `missing`: the gateway should have sent a verdict and did not. */
export type Verdict = 'verified' | 'none' | 'failed' | 'missing'

export interface CertificateFormatParts extends Omit<HeaderFormat, 'read'> {
  readonly decode: Decoder
  /** Whether the certificate's header also has the chain, after the certificate. */
  readonly carriesChain?: boolean
  readonly decodeChain?: Decoder
  /** Reads the gateway's verdict. Undefined for gateways that reject unverified certificates and send no verdict. */
  readonly verdict?: (values: HeaderValues) => Verdict
  /** Values that mean "no certificate". */
  readonly noneTexts?: readonly string[]
}

/** Creates a format whose header has the whole certificate, as most formats do. */
export function createCertificateFormat (
  { decode, carriesChain = false, decodeChain, verdict: readVerdict, noneTexts = [], ...format }: CertificateFormatParts
): HeaderFormat {
  function read (values: HeaderValues, byGateway: boolean): Reading {
    const text =
      values.certificate !== undefined && noneTexts.includes(values.certificate) ? undefined : values.certificate
    const verdict = readVerdict?.(values)
    if (text === undefined) return readNone(values, verdict, noneTexts)
    if (verdict === 'none') return refuseReading('malformed', 'certificate')
    if (byGateway && verdict !== undefined && verdict !== 'verified') {
      // A verdict that is there and yet missing is one that means nothing without the header `present`.
      const role = verdict === 'missing' && values.verified !== undefined ? 'present' : 'verified'
      return refuseReading('not_verified', role)
    }
    const [leaf, ...more] = decode(text) ?? []
    if (leaf === undefined || (more.length > 0 && !carriesChain)) return refuseReading('malformed', 'certificate')
    const chain = values.chain === undefined || noneTexts.includes(values.chain) ? more : decodeChain?.(values.chain)
    return chain === undefined ? refuseReading('malformed', 'chain') : { state: 'claims', claims: [{ leaf, chain }] }
  }
  return { ...format, read }
}

/** Without a certificate, a chain (RFC 9440 section 2.3) or a verdict "verified" is a contradiction. */
function readNone ({ chain }: HeaderValues, verdict: Verdict | undefined, noneTexts: readonly string[]): Reading {
  if (chain !== undefined && !noneTexts.includes(chain)) return refuseReading('malformed', 'chain')
  if (verdict === 'verified') return refuseReading('malformed', 'verified')
  return verdict === 'failed' ? refuseReading('not_verified', 'verified') : { state: 'none' }
}

/** Makes a {@link Decoder} of a function that decodes one certificate. */
export function decodeOne (decode: (text: string) => Uint8Array | undefined): Decoder {
  return (text) => {
    const der = decode(text)
    return der === undefined ? undefined : [der]
  }
}

/** The verdict of nginx, Apache httpd and Azure Application Gateway: `SUCCESS`, `NONE`, `FAILED:reason`. */
export function readSslVerdict ({ verified }: HeaderValues): Verdict {
  if (verified === undefined) return 'missing'
  return verified === 'SUCCESS' ? 'verified' : verified === 'NONE' ? 'none' : 'failed'
}
