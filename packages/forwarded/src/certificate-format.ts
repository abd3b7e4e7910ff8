import { refuseReading } from './header-format.ts'
import type { HeaderFormat, HeaderNames, HeaderValues, Reading } from './header-format.ts'

/** One or more certificates in DER; undefined where the text is malformed. */
export type Decoder = (text: string) => readonly Uint8Array[] | undefined

/** `missing`: the gateway says nothing, though it should. */
export type Verdict = 'verified' | 'none' | 'failed' | 'missing'

export interface CertificateFormatParts {
  readonly headers: HeaderNames
  readonly verifies: boolean
  readonly decode: Decoder
  /** Whether the certificate's own header goes on with the certificates above it. */
  readonly carriesChain?: boolean
  readonly decodeChain?: Decoder
  /** What the gateway thinks; left out where it lets nobody through whom it has not verified. */
  readonly verdict?: (values: HeaderValues) => Verdict
  /** Texts in place of a certificate that say there is none. */
  readonly noneTexts?: readonly string[]
}

/** A format of a header that holds the whole certificate, which most are. */
export function createCertificateFormat (parts: CertificateFormatParts): HeaderFormat {
  const { headers, verifies, decode, carriesChain = false, decodeChain, verdict: judge, noneTexts = [] } = parts

  function read (values: HeaderValues, byGateway: boolean): Reading {
    const text =
      values.certificate !== undefined && noneTexts.includes(values.certificate) ? undefined : values.certificate
    const verdict = judge?.(values)
    if (text === undefined) return readNone(values, verdict, noneTexts)
    if (verdict === 'none') return refuseReading('malformed', 'certificate')
    if (byGateway && verdict !== undefined && verdict !== 'verified') return refuseReading('not_verified', 'verified')
    const [leaf, ...more] = decode(text) ?? []
    if (leaf === undefined || (more.length > 0 && !carriesChain)) return refuseReading('malformed', 'certificate')
    const chain = values.chain === undefined || noneTexts.includes(values.chain) ? more : decodeChain?.(values.chain)
    return chain === undefined ? refuseReading('malformed', 'chain') : { state: 'claims', claims: [{ leaf, chain }] }
  }
  return { headers, verifies, read }
}

/** A verdict or a chain without a certificate contradicts itself (RFC 9440 section 2.3 for the chain). */
function readNone ({ chain }: HeaderValues, verdict: Verdict | undefined, noneTexts: readonly string[]): Reading {
  if (chain !== undefined && !noneTexts.includes(chain)) return refuseReading('malformed', 'chain')
  if (verdict === 'verified') return refuseReading('malformed', 'verified')
  return verdict === 'failed' ? refuseReading('not_verified', 'verified') : { state: 'none' }
}

/** Makes an encoding of one certificate a decoder. */
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
