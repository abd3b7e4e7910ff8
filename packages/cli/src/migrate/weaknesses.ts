/** What the finder looks for. */
export type FindingKind =
  | 'leaf_read' | 'authorized' | 'authorization_error' | 'unverified_server' | 'gateway_header'
  | 'client_certificate_auth'

interface Weakness {
  /** What the code does. */
  readonly does: string
  /** What an attacker or an operator can do about it. */
  readonly weak: string
  /** What Peerkit has in its place. */
  readonly instead: string
}

const UNCHECKED = 'authorized is not checked in this function. On a server with rejectUnauthorized: false, ' +
  'anybody can make a certificate with these names'
const CHECKED_ONCE = 'the verdict is that of the handshake: a client that is revoked, or whose certificate has ' +
  'expired or lost its CA since, keeps its connection. Any CA in "ca" can issue these names'

export const WEAKNESSES: Readonly<Record<FindingKind, Weakness>> = {
  leaf_read: {
    does: 'reads the names of the client certificate',
    weak: CHECKED_ONCE,
    instead: 'request.peer, and allowedClients on the route'
  },
  authorized: {
    does: 'asks Node whether OpenSSL accepted the client certificate',
    weak: CHECKED_ONCE,
    instead: 'withMtls and @peerkit/fastify-mtls, which decide again on each request'
  },
  authorization_error: {
    does: 'reads why OpenSSL refused the client certificate',
    weak: 'code that goes on for some of these errors accepts a certificate that nobody verified',
    instead: 'the log line "mTLS handshake refused", which has reason and hint'
  },
  unverified_server: {
    does: 'makes a server that asks for a certificate and takes any',
    weak: 'each route that forgets to check authorized is open to everybody',
    instead: "withMtls(credentials), or mtls: { clientCertificate: 'optional' } for single public routes"
  },
  gateway_header: {
    does: 'believes a header that a gateway writes about the client certificate',
    weak: 'a caller can pretend to be any client, if it reaches the service without the gateway, or through a route ' +
      'that does not replace the header',
    instead: '@peerkit/fastify-mtls with forwarded: { format: …, gateways: … }, which checks who sent the header'
  },
  client_certificate_auth: {
    does: 'has client-certificate-auth check the client certificate',
    weak: CHECKED_ONCE,
    instead: 'withMtls, @peerkit/fastify-mtls, and allowedClients on the route'
  }
}

/** Why a read of the certificate is weak. @param isChecked whether the function around it checks `authorized` */
export function weaknessOf (kind: FindingKind, isChecked: boolean): string {
  return kind === 'leaf_read' && !isChecked ? UNCHECKED : WEAKNESSES[kind].weak
}

/** Headers with a client certificate, or with the verdict about one, in any spelling of `-` and `_`. */
const HEADER = new RegExp(`^(?:${[
  '(?:x-)?(?:ssl|tls)-client-.+', '(?:x-)?client-cert(?:ificate)?(?:-.+)?', 'x-forwarded-(?:tls-)?client-cert.*',
  'x-amzn-mtls-.+', 'x-arr-clientcert', 'cf-client-cert-.+', 'x-client-(?:verify|dn|subject|cn).*',
  '(?:x-)?ssl-(?:verify|cert|dn).*',
  'x-goog-.*client-?cert.*', 'l5d-client-id'
].join('|')})$`)

/** Whether a header says who the client of a gateway is. */
export function isGatewayHeader (name: string): boolean {
  return HEADER.test(name.toLowerCase().replaceAll('_', '-'))
}
