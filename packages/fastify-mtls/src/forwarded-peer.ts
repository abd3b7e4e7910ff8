import { isAuditKept } from '@peerkit/events'
import { createForwardedReader, needsValidator, stripHeaders } from '@peerkit/forwarded'
import type { ForwardedReader, ForwardedReaderOptions, ForwardedResult, StrippableMessage } from '@peerkit/forwarded'
import type { PeerIdentity } from '@peerkit/identity'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { forwardedRefused, forwardedStripped } from './channels.ts'
import { recordOfRequest } from './connection-record.ts'
import { MTLS_ERR_SERVER_OPTION } from './errors.ts'
import { validateAgainst } from './forwarded-chain.ts'
import { ForwardedRevocation } from './forwarded-revocation.ts'
import { assignPeer, peerOfRequest } from './request-peer.ts'
import type { ServerContext } from './server-context.ts'

/** Takes the identity that a gateway passes on; false where a header must not be believed. */
export type TakeForwarded = (request: FastifyRequest) => boolean | Promise<boolean>

/** A reader, or the options of one, whose validator and clock are then those of the server. */
export type ForwardedOption = ForwardedReader | ForwardedReaderOptions

/** What is told of a header that was refused or removed; `reason` and `detail` are for the log alone. */
type Rejection = { readonly state: 'refused' | 'stripped', readonly reason: string, readonly header: string, readonly detail?: string | undefined }

/** @param context undefined on a server of somebody else's, which knows gateways by their address or a Unix socket alone */
export function createTakeForwarded (app: FastifyInstance, option: ForwardedOption, context: ServerContext | undefined): TakeForwarded {
  const reader = isReader(option) ? option : createReader(option, context)
  const revocation = context === undefined ? undefined : new ForwardedRevocation(context.trust, context.judgementTimeout)
  let onUnixSocket: boolean | undefined
  /** Known once the server listens, and kept when it no longer does. */
  function listensOnUnixSocket (): boolean {
    const address = app.server.address()
    if (address !== null) onUnixSocket = typeof address === 'string'
    return onUnixSocket ?? false
  }

  function take (request: FastifyRequest, result: ForwardedResult): boolean | Promise<boolean> {
    if (result.state === 'accepted') return admit(request, result.identity)
    if (result.state === 'refused') {
      reject(request, result)
      return false
    }
    const { raw } = request
    if (result.state === 'stripped') {
      reject(request, { ...result, reason: 'untrusted_sender' })
      stripHeaders(raw as unknown as StrippableMessage, reader.headerNames)
    }
    assignPeer(raw, result.state === 'anonymous' ? null : peerOfRequest(raw))
    return true
  }

  function admit (request: FastifyRequest, identity: PeerIdentity): boolean | Promise<boolean> {
    const reason = revocation?.check(identity)
    return reason instanceof Promise ? reason.then((settled) => settle(request, identity, settled)) : settle(request, identity, reason)
  }

  function settle (request: FastifyRequest, identity: PeerIdentity, reason: string | undefined): boolean {
    if (reason === undefined) assignPeer(request.raw, identity)
    else reject(request, { state: 'refused', reason, header: reader.headerNames[0] ?? '', detail: identity.toString() })
    return reason === undefined
  }

  return (request) => {
    const { raw } = request
    const remoteAddress = remoteAddressOf(request)
    const result = reader.read({ rawHeaders: raw.rawHeaders, sender: peerOfRequest(raw) ?? undefined, remoteAddress, unixSocket: remoteAddress === undefined && listensOnUnixSocket() })
    return result instanceof Promise ? result.then((settled) => take(request, settled)) : take(request, result)
  }
}

/** @throws MTLS_ERR_SERVER_OPTION where it is neither a reader nor options */
function isReader (option: ForwardedOption): option is ForwardedReader {
  if (typeof option !== 'object' || option === null) throw new MTLS_ERR_SERVER_OPTION(`forwarded is ${option === null ? 'null' : typeof option}; expected the options of createForwardedReader, or what it makes`)
  return 'read' in option && typeof option.read === 'function'
}

function createReader (options: ForwardedReaderOptions, context: ServerContext | undefined): ForwardedReader {
  if (context === undefined) return createForwardedReader(options)
  const { now } = context.trust
  const validator = options.validator === undefined && needsValidator(options) ? validateAgainst(context.credentials, now) : options.validator
  return createForwardedReader({ now, ...options, ...(validator !== undefined && { validator }) })
}

function reject (request: FastifyRequest, { state, reason, header, detail }: Rejection): void {
  const peer = peerOfRequest(request.raw)
  if (!isAuditKept()) request.log.warn({ reason, detail, header, peer: peer?.toString() }, state === 'refused' ? 'forwarded client certificate refused' : 'forwarded client certificate removed')
  const channel = state === 'refused' ? forwardedRefused : forwardedStripped
  if (channel.hasSubscribers) channel.publish({ v: 1, time: Date.now(), reason, detail, header, peer, remoteAddress: remoteAddressOf(request) })
}

/** Of the connection's start, where it is known: a socket that was reset has no address any more. */
function remoteAddressOf ({ raw }: FastifyRequest): string | undefined {
  const record = recordOfRequest(raw)
  return record === undefined ? raw.socket?.remoteAddress : record.remoteAddress
}
