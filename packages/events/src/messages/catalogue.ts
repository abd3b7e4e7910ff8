import type { EventMessages, EventName } from '../channels/channels.ts'
import type { EventMessage } from '../channels/emitter.ts'
import { requestReasons } from '../reasons/reasons.ts'

/** A description for each field. */
type Fields<Message> = { readonly [Field in Exclude<keyof Message, keyof EventMessage>]-?: string }

/** Describes a channel. */
export interface EventDescription<Message = unknown> {
  /** When it is published. */
  readonly when: string
  /** The package that publishes it. */
  readonly by: string
  /** Every field except those of every message. */
  readonly fields: Fields<Message>
}

const PEER = 'the client (`PeerIdentity`)'
const ADDRESS = 'address of the other end; undefined for a Unix socket'
const REASON = 'a word of docs/reasons.md'
const ASKED = 'who was asked for them: the name of the issuer. Undefined for other sources'
const GENERATION = 'number of the credentials now in force, counted from 1'
const MESSAGE = 'what is wrong, as a sentence'
const DETAIL = '`{ step, message, certificate, why }`: the failed check, and the certificate with its subject, ' +
  'serial number and SHA-256 fingerprint'

const forwarded = (reason: string): EventDescription<EventMessages['peerkit:forwarded:refused']>['fields'] => ({
  reason,
  detail: 'more about the reason; never the value of the header',
  header: 'name of the header',
  peer: 'the sender (`PeerIdentity`); null if the sender has no verified certificate',
  remoteAddress: ADDRESS
})

const requestFields: EventDescription<EventMessages['peerkit:request:denied']>['fields'] = {
  reason: `${Object.keys(requestReasons).map((reason) => `\`${reason}\``).join(', ')}; undefined if allowed`,
  rules: 'where the rules that decided are declared: `config.allowedClients`, `scope /admin`, `rules`',
  rule: 'for an allowed request: index of the rule that allowed it',
  group: 'for an allowed request: the group that the rule names',
  nearest: 'for a denied request: the rule with the fewest failed conditions, `{ path, matched, failed }`; `asked` ' +
    'in `failed` has what the request has for the values that the rule takes from it',
  peer: `${PEER}; null without a certificate`,
  requestId: 'request id of Fastify',
  method: 'the HTTP method',
  path: 'path of the request, without the query',
  route: 'pattern of the route; undefined if no route matched',
  remoteAddress: ADDRESS,
  durationMs: 'milliseconds that the decision took; undefined if not measured',
  cached: 'whether the decision came from the cache; undefined if the cache was not asked'
}

const refusedCredentials: EventDescription<EventMessages['peerkit:credentials:refused']>['fields'] = {
  code: 'error code of docs/errors.md',
  reason: 'reason of the error',
  authority: 'for files: the authority that keeps its former files. Undefined for our own certificate or key, and ' +
    'if all was given at once',
  message: MESSAGE,
  from: ASKED,
  generation: 'number of the credentials that stay in force'
}

/** Describes every event, in the order of docs/events.md. The types require a description for each field. */
export const catalogue: { readonly [Name in EventName]: EventDescription<EventMessages[Name]> } = {
  'peerkit:handshake:refused': {
    when: 'A client was refused: its TLS handshake failed, or its certificate was not accepted.',
    by: '@peerkit/fastify-mtls',
    fields: {
      reason: REASON,
      code: 'code of OpenSSL or Node, if there is one',
      detail: `${DETAIL}; undefined if no certificate is the cause`,
      peer: 'the unverified client (`PeerIdentity`); undefined without a readable certificate of at most 8 KiB',
      fingerprint256: 'SHA-256 of the client\'s leaf certificate; undefined if it sent none',
      remoteAddress: ADDRESS,
      remotePort: 'port of the client',
      alpnProtocol: '`h2`, `http/1.1` or undefined',
      protocol: '`TLSv1.3`, `TLSv1.2` or undefined',
      resumed: 'whether the client resumed a session',
      durationMs: 'milliseconds that the verification of the certificate took; undefined if none took place'
    }
  },
  'peerkit:handshake:chain-unavailable': {
    when: 'This version of Node does not expose the intermediates that clients send; a check at the start found ' +
      'this. Only clients whose CAs are all configured are accepted. No supported version is known to be ' +
      'affected. Published once for each server.',
    by: '@peerkit/fastify-mtls',
    fields: { message: MESSAGE, node: 'version of Node' }
  },
  'peerkit:connection:identified': {
    when: 'A client\'s certificate was accepted, and HTTP starts on the connection.',
    by: '@peerkit/fastify-mtls',
    fields: {
      peer: PEER,
      remoteAddress: ADDRESS,
      resumed: 'whether the client resumed a session',
      serverAuthOnlyUntil: 'for a certificate with only serverAuth: until when it is accepted, in milliseconds since ' +
        'the epoch; otherwise undefined',
      tolerated: 'flaws of the certificate, or of a CA above it, that `tolerate` of the authority accepts; undefined ' +
        'if there are none',
      durationMs: 'milliseconds that the verification of the certificate took'
    }
  },
  'peerkit:connection:ended': {
    when: 'The certificate of an open connection is no longer accepted: it expired, was revoked, or its CA was ' +
      'removed.',
    by: '@peerkit/fastify-mtls',
    fields: {
      reason: REASON,
      detail: `${DETAIL}; undefined if an answer did not arrive in time`,
      peer: PEER,
      remoteAddress: ADDRESS
    }
  },
  'peerkit:forwarded:refused': {
    when: 'A request was refused because its header with a forwarded certificate is not valid or not trusted.',
    by: '@peerkit/fastify-mtls',
    fields: forwarded(REASON)
  },
  'peerkit:forwarded:stripped': {
    when: 'A header with a client identity was removed, because the sender is not a configured gateway. Either the ' +
      'header is forged, or a gateway is missing in the configuration.',
    by: '@peerkit/fastify-mtls',
    fields: forwarded('`untrusted_sender`')
  },
  'peerkit:request:allowed': {
    when: 'A request passed the rules.',
    by: '@peerkit/fastify-allowed-clients',
    fields: requestFields
  },
  'peerkit:request:denied': {
    when: 'A request was denied by the rules (401 or 403), or has no certificate and needs one (401).',
    by: '@peerkit/fastify-allowed-clients` and `@peerkit/fastify-mtls',
    fields: requestFields
  },
  'peerkit:request:would-deny': {
    when: 'Report mode let a request through that the rules do not allow. Published once for each set of rules ' +
      'that denies it.',
    by: '@peerkit/fastify-allowed-clients',
    fields: requestFields
  },
  'peerkit:rules:reloaded': {
    when: 'A rules file changed, and its new rules are in force.',
    by: '@peerkit/fastify-allowed-clients',
    fields: {
      file: 'path of the file',
      generation: 'number of the accepted file, counted from 1',
      added: 'rules that came, as `path: rule`, at most 50',
      removed: 'rules that went, at most 50',
      addedCount: 'how many rules came',
      removedCount: 'how many rules went'
    }
  },
  'peerkit:rules:refused': {
    when: 'A rules file changed and was refused. The old rules stay in force.',
    by: '@peerkit/fastify-allowed-clients',
    fields: { file: 'path of the file', generation: 'number of the file that stays in force', error: 'an `Error`' }
  },
  'peerkit:credentials:rotated': {
    when: 'New credentials are in force, or our own certificate was withdrawn.',
    by: '@peerkit/credentials',
    fields: {
      generation: GENERATION,
      trustEpoch: 'version counter; increases when the CAs or the CRLs change',
      trustChanged: 'whether the CAs or the CRLs changed',
      identity: 'the new own certificate (`PeerIdentity`)',
      notAfter: 'when the first certificate of the own chain expires, in milliseconds since the epoch',
      withdrawn: 'true if the issuer took the own certificate back: it is not presented until there is a new one',
      from: ASKED,
      warnings: 'problems that did not prevent the rotation'
    }
  },
  'peerkit:credentials:refused': {
    when: 'New credentials were refused. The old ones stay in force.',
    by: '@peerkit/credentials',
    fields: refusedCredentials
  },
  'peerkit:credentials:recovered': {
    when: 'Credentials that were refused are in order again: new ones, or the former ones.',
    by: '@peerkit/credentials',
    fields: {
      authority: 'for files: the authority. Undefined for our own certificate or key, and if all was given at once',
      from: ASKED,
      generation: GENERATION
    }
  },
  'peerkit:credentials:waiting': {
    when: 'New credentials are incomplete, for example a key without its certificate. The source waits for the rest.',
    by: '@peerkit/credentials',
    fields: refusedCredentials
  },
  'peerkit:credentials:warned': {
    when: 'The credentials work, but something about them should be corrected.',
    by: '@peerkit/credentials',
    fields: { message: MESSAGE, generation: GENERATION }
  },
  'peerkit:revocation:refreshed': {
    when: 'A CRL or an OCSP answer arrived and was accepted.',
    by: '@peerkit/revocation',
    fields: {
      source: '`crl` or `ocsp`',
      url: 'its URL',
      issuer: 'issuer of the CRL, or of the certificate that OCSP was asked about',
      number: 'for a CRL: its number',
      entries: 'for a CRL: how many certificates it lists',
      nextUpdate: 'for a CRL: when it expires, in milliseconds since the epoch',
      serialNumber: 'for an OCSP answer: serial number of the certificate',
      state: 'for an OCSP answer: `good`, `revoked` or `unknown`',
      until: 'for an OCSP answer: when it expires, in milliseconds since the epoch'
    }
  },
  'peerkit:revocation:failed': {
    when: 'A CRL or an OCSP answer did not arrive, or was refused. The old one is used until it expires.',
    by: '@peerkit/revocation',
    fields: {
      source: '`crl` or `ocsp`',
      code: 'error code of docs/errors.md',
      reason: 'reason of the error',
      message: MESSAGE,
      url: 'its URL, if known',
      issuer: 'issuer of the certificate that OCSP was asked about',
      serialNumber: 'serial number of that certificate'
    }
  },
  'peerkit:revocation:soft-passed': {
    when: 'The revocation status of a certificate is unknown, and the soft policy accepted it.',
    by: '@peerkit/revocation',
    fields: {
      why: 'why the status is unknown',
      issuer: 'its issuer',
      serialNumber: 'its serial number',
      fingerprint256: 'its SHA-256'
    }
  },
  'peerkit:expiry:soon': {
    when: 'A certificate or a CRL will expire soon or has expired. Published once for each threshold that it ' +
      'passes, and once when it has expired.',
    by: '@peerkit/mtls-monitor',
    fields: {
      what: '`own` (the own leaf or an intermediate), `anchor` (a trusted CA), `crl`, `peer` (a client)',
      name: 'short name of the certificate; for a CRL its issuer',
      issuer: 'its issuer',
      serialNumber: 'its serial number; for a CRL its number',
      fingerprint256: 'its SHA-256; undefined for a CRL',
      notAfter: 'when it expires, in milliseconds since the epoch',
      left: 'milliseconds until it expires; 0 or less if it has expired',
      threshold: 'the threshold as configured (`30d`, `1/3`); `0` if it has expired',
      authority: 'for `anchor` the authority that has it; for `peer` the authority that vouches for it'
    }
  },
  'peerkit:outbound:identified': {
    when: 'The server of a new outbound connection was verified.',
    by: '@peerkit/undici-mtls',
    fields: {
      origin: 'origin of the server',
      server: 'the server (`PeerIdentity`)',
      resumed: 'whether a session was resumed',
      generation: 'number of the credentials that were presented',
      tolerated: 'flaws of the certificate, or of a CA above it, that `tolerate` of the authority accepts; undefined ' +
        'if there are none'
    }
  },
  'peerkit:outbound:refused': {
    when: 'An outbound connection failed: this process refused the server, the server refused this process, or it ' +
      'was not reached.',
    by: '@peerkit/undici-mtls',
    fields: {
      origin: 'origin of the server',
      code: '`MTLS_ERR_OUTBOUND_…` code of docs/errors.md',
      reason: 'the cause within that code: a word of docs/reasons.md',
      message: MESSAGE,
      detail: `${DETAIL}; undefined if no certificate of the server is the cause`
    }
  }
}

/** The name of every channel, in the order of the catalogue. */
export const eventNames: readonly EventName[] = Object.freeze(Object.keys(catalogue) as EventName[])
