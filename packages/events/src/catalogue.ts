import type { EventMessages, EventName } from './event-messages.ts'

/** What is said of each field. */
type Fields<Message> = { readonly [Field in Exclude<keyof Message, 'v' | 'time'>]-?: string }

/** What a channel tells. */
export interface EventDescription<Message = unknown> {
  /** When it is published. */
  readonly when: string
  /** The package that publishes it. */
  readonly by: string
  /** Every field beside `v` and `time`. */
  readonly fields: Fields<Message>
}

const PEER = 'the client (`PeerIdentity`)'
const ADDRESS = 'the other end\'s address; undefined for a Unix socket'
const REASON = 'a word; docs/handshake-failures.md lists them'
const GENERATION = 'the number of the credentials in force afterwards, counted from 1'
const MESSAGE = 'what is wrong, in words'
const DETAIL = '`{ step, message, certificate, why }`: the check that failed, and the certificate at fault with subject, serial number and SHA-256 fingerprint'

const forwarded = (reason: string): EventDescription<EventMessages['peerkit:forwarded:refused']>['fields'] => ({
  reason, detail: 'more about it; never the header\'s value', header: 'the header\'s name', peer: 'who sent it (`PeerIdentity`); null where the sender proved nothing', remoteAddress: ADDRESS
})

const judged: EventDescription<EventMessages['peerkit:request:denied']>['fields'] = {
  reason: '`no_identity`, `no_match`, `incomplete_identity`, `predicate_refused`, `predicate_failed`, `no_rule`, `rules_changed`; undefined where it is allowed',
  rules: 'where the deciding rules were declared: `config.allowedClients`, `scope /admin`, `rules`',
  rule: 'of an allowed request, the index of the rule that allows it',
  group: 'of an allowed request, the group that allows it, where the rule names one',
  nearest: 'of a denied one, the rule that came closest: `{ path, matched, failed }`',
  peer: `${PEER}; null where there is none`,
  requestId: 'Fastify\'s request id',
  method: 'the HTTP method',
  path: 'the path that was asked for, without the query',
  route: 'the route\'s pattern; undefined where no route matched',
  remoteAddress: ADDRESS,
  durationMs: 'milliseconds that the verdict took; undefined where it was not measured',
  cached: 'whether the verdict was cached; undefined where it was not looked at'
}

const refusedCredentials: EventDescription<EventMessages['peerkit:credentials:refused']>['fields'] = {
  code: 'the error\'s code, of docs/errors.md', reason: 'the error\'s reason', authority: 'of files, the authority that keeps its former ones; undefined where it is our own certificate or key, or all that was given at once', message: MESSAGE, generation: 'the number of the credentials that stay in force'
}

/** Every event, in the order of docs/events.md. The types hold it to the messages: a field that is missing here, or is no longer there, does not compile. */
export const catalogue: { readonly [Name in EventName]: EventDescription<EventMessages[Name]> } = {
  'peerkit:handshake:refused': {
    when: 'A client was not let in: its handshake failed, or its certificate was not accepted.',
    by: '@peerkit/fastify-mtls',
    fields: {
      reason: REASON,
      code: 'OpenSSL\'s or Node\'s code, where there is one',
      detail: `${DETAIL}; undefined where no certificate is at fault`,
      peer: 'who asked (`PeerIdentity`), unverified; undefined where no readable certificate of at most 8 KiB was sent',
      fingerprint256: 'SHA-256 of the certificate that the client presented as its own; undefined where it sent none',
      remoteAddress: ADDRESS,
      remotePort: 'its port',
      alpnProtocol: '`h2`, `http/1.1` or undefined',
      protocol: '`TLSv1.3`, `TLSv1.2` or undefined',
      resumed: 'whether it resumed a session',
      durationMs: 'milliseconds that the judgement took; undefined where there was nothing to judge'
    }
  },
  'peerkit:handshake:chain-unavailable': {
    when: 'A check at start found that this version of Node does not show the certificates that clients send above their own. Then only clients whose CAs are configured are accepted. No supported version is known to need it. Once for each server.',
    by: '@peerkit/fastify-mtls',
    fields: { message: MESSAGE, node: 'the version of Node' }
  },
  'peerkit:connection:identified': {
    when: 'A client\'s certificate was accepted and its connection handed to HTTP.',
    by: '@peerkit/fastify-mtls',
    fields: {
      peer: PEER,
      remoteAddress: ADDRESS,
      resumed: 'whether it resumed a session',
      serverAuthOnlyUntil: 'until when it is accepted although its certificate is for servers alone, in milliseconds since the epoch; undefined where it is for clients',
      durationMs: 'milliseconds that the judgement took'
    }
  },
  'peerkit:connection:ended': {
    when: 'An open connection\'s certificate is no longer accepted: it ended, was revoked, or its CA was removed.',
    by: '@peerkit/fastify-mtls',
    fields: { reason: REASON, detail: `${DETAIL}; undefined where an answer did not come in time`, peer: PEER, remoteAddress: ADDRESS }
  },
  'peerkit:forwarded:refused': {
    when: 'A request was refused because what it brought in a gateway\'s header must not be believed.',
    by: '@peerkit/fastify-mtls',
    fields: forwarded('a word of `@peerkit/forwarded`, or of docs/handshake-failures.md')
  },
  'peerkit:forwarded:stripped': {
    when: 'A header that claims an identity came from somebody who is no gateway, and was removed: a forgery, or a gateway that is not configured.',
    by: '@peerkit/fastify-mtls',
    fields: forwarded('`untrusted_sender`')
  },
  'peerkit:request:allowed': { when: 'A request passed the rules.', by: '@peerkit/fastify-allowed-clients', fields: judged },
  'peerkit:request:denied': { when: 'A request was refused by the rules (401 or 403).', by: '@peerkit/fastify-allowed-clients', fields: judged },
  'peerkit:request:would-deny': { when: 'Report mode: a request was let in that the rules do not allow. Once for each set of rules that refuses.', by: '@peerkit/fastify-allowed-clients', fields: judged },
  'peerkit:rules:reloaded': { when: 'A rules file changed and is in force.', by: '@peerkit/fastify-allowed-clients', fields: { file: 'its path', generation: 'counts the accepted files, from 1' } },
  'peerkit:rules:refused': {
    when: 'A rules file changed and was refused; the old rules stay.',
    by: '@peerkit/fastify-allowed-clients',
    fields: { file: 'its path', generation: 'the number of the file that stays in force', error: 'an `Error`' }
  },
  'peerkit:credentials:rotated': {
    when: 'New credentials are in force.',
    by: '@peerkit/credentials',
    fields: {
      generation: GENERATION,
      trustEpoch: 'moves when the CAs or the CRLs do',
      trustChanged: 'whether they did',
      identity: 'our own new certificate (`PeerIdentity`)',
      notAfter: 'when the first of our own certificates ends, in milliseconds since the epoch',
      warnings: 'what was taken, but deserves a look'
    }
  },
  'peerkit:credentials:refused': { when: 'New credentials were refused; the old ones stay.', by: '@peerkit/credentials', fields: refusedCredentials },
  'peerkit:credentials:recovered': {
    when: 'Credentials that were refused are in order again, be they new or what they were before.',
    by: '@peerkit/credentials',
    fields: { authority: 'of files, the authority; undefined where it is our own certificate or key, or all that was given at once', generation: GENERATION }
  },
  'peerkit:credentials:waiting': { when: 'New credentials are not whole yet (a key without its certificate, say); more is waited for.', by: '@peerkit/credentials', fields: refusedCredentials },
  'peerkit:credentials:warned': { when: 'Something about the credentials works, but not as it should.', by: '@peerkit/credentials', fields: { message: MESSAGE, generation: GENERATION } },
  'peerkit:revocation:refreshed': {
    when: 'A CRL or an OCSP answer came and counts.',
    by: '@peerkit/revocation',
    fields: {
      source: '`crl` or `ocsp`',
      url: 'where it came from',
      issuer: 'whose list, or the issuer of the certificate that was asked about',
      number: 'of a CRL, its number',
      entries: 'of a CRL, how many certificates it lists',
      nextUpdate: 'of a CRL, when it ends, in milliseconds since the epoch',
      serialNumber: 'of an OCSP answer, the certificate',
      state: 'of an OCSP answer, `good`, `revoked` or `unknown`',
      until: 'of an OCSP answer, when it ends, in milliseconds since the epoch'
    }
  },
  'peerkit:revocation:failed': {
    when: 'A CRL or an OCSP answer did not come, or was refused; what there is stays until it ends.',
    by: '@peerkit/revocation',
    fields: {
      source: '`crl` or `ocsp`',
      code: 'the error\'s code, of docs/errors.md',
      reason: 'the error\'s reason',
      message: MESSAGE,
      url: 'where it should have come from, where that is known',
      issuer: 'the issuer of the certificate that was asked about',
      serialNumber: 'the certificate that was asked about'
    }
  },
  'peerkit:revocation:soft-passed': {
    when: 'A certificate passed though nothing is known of its revocation, as the soft policy allows.',
    by: '@peerkit/revocation',
    fields: { why: 'why nothing is known', issuer: 'its issuer', serialNumber: 'its serial number', fingerprint256: 'its SHA-256' }
  },
  'peerkit:expiry:soon': {
    when: 'The time of a certificate or a CRL runs out: once for each threshold that it passes, and once when it has ended.',
    by: '@peerkit/mtls-monitor',
    fields: {
      what: '`own` (our leaf or an intermediate), `anchor` (a CA we trust), `crl`, `peer` (a client that calls)',
      name: 'who it is, in short; of a CRL its issuer',
      issuer: 'its issuer',
      serialNumber: 'its serial number; of a CRL its number',
      fingerprint256: 'its SHA-256; undefined for a CRL',
      notAfter: 'when it ends, in milliseconds since the epoch',
      left: 'what is left, in milliseconds; not above 0 where it has ended',
      threshold: 'the threshold as it was given (`30d`, `1/3`); `0` where it has ended',
      authority: 'of `anchor` and `peer` the authority that it belongs to, or that vouches for it'
    }
  },
  'peerkit:outbound:identified': {
    when: 'A server that we call was verified on a new connection.',
    by: '@peerkit/undici-mtls',
    fields: { origin: 'whom we call', server: 'who answered (`PeerIdentity`)', resumed: 'whether a session was resumed', generation: 'the number of the credentials that were presented' }
  },
  'peerkit:outbound:refused': {
    when: 'A connection of ours came to nothing: we refused the server, it refused us, or it is out of reach.',
    by: '@peerkit/undici-mtls',
    fields: {
      origin: 'whom we call',
      code: 'an `MTLS_ERR_OUTBOUND_…` code of docs/errors.md',
      reason: 'what the code leaves open',
      message: MESSAGE,
      detail: `${DETAIL}; undefined where no certificate of the server is at fault`
    }
  }
}

/** Every channel's name, in the order of the catalogue. */
export const eventNames: readonly EventName[] = Object.freeze(Object.keys(catalogue) as EventName[])
