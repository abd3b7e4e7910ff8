import crypto from 'node:crypto'
import { decodeBase64 } from '../headers/encodings.ts'
import { createCertificateFormat, decodeOne, refuseReading } from '../headers/header-format.ts'
import type { HeaderFormat, HeaderValues, Reading, Verdict } from '../headers/header-format.ts'

const format = createCertificateFormat({
  headers: {
    certificate: 'cf-client-cert-der-base64',
    hash: 'cf-client-cert-sha256',
    verified: 'cf-cert-verified',
    revoked: 'cf-cert-revoked',
    present: 'cf-cert-presented'
  },
  verifies: true,
  decode: decodeOne(decodeBase64),
  reads: 'base64 of DER',
  verdict: readVerdict,
  faultOf: ({ verified }) => verified === 'true' ? 'revoked' : 'verified'
})

/**
 * Cloudflare (documented) with `client_certificate_forwarding`, and the managed transform "Add TLS client auth headers"
 * for the verdict. Certificates are forwarded whether or not they are valid, and only with the first request of a
 * connection. For transform rules that write `Client-Cert`, use the format `rfc9440` with a verdict.
 */
export const cloudflare: HeaderFormat = { ...format, read }

function read (values: HeaderValues, byGateway: boolean): Reading {
  const reading = format.read(values, byGateway)
  if (reading.state !== 'claims' || values.hash === undefined) return reading
  const [claim] = reading.claims
  return 'leaf' in claim && crypto.hash('sha256', claim.leaf, 'hex') === values.hash.toLowerCase()
    ? reading
    : refuseReading('malformed', 'hash')
}

/** A revoked certificate is "verified" too, so nothing is without the header about revocation. */
function readVerdict ({ present, verified, revoked }: HeaderValues): Verdict {
  if (present === 'false') return 'none'
  if (verified === undefined || (verified === 'true' && revoked === undefined)) return 'missing'
  return verified === 'true' && revoked === 'false' ? 'verified' : 'failed'
}
