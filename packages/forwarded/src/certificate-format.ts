import { refuseReading } from './header-format.ts'
import type { HeaderFormat, HeaderNames, HeaderValues, Reading } from './header-format.ts'

/** Decodes one or more certificates to DER. Returns undefined if the text is malformed. */
export type Decoder = (text: string) => readonly Uint8Array[] | undefined

/** `missing`: the gateway should have sent a verdict and did not. */
export type Verdict = 'verified' | 'none' | 'failed' | 'missing'

export interface CertificateFormatParts {
  readonly headers: HeaderNames
  readonly verifies: boolean
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
export function createCertificateFormat (parts: CertificateFormatParts): HeaderFormat {
  const { headers, verifies, decode, carriesChain = false, decodeChain, verdict: readVerdict, noneTexts = [] } = parts

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
  return { headers, verifies, read }
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
