import { stripHeaders } from '@peerkit/forwarded'
import type { ForwardedReader, ForwardedResult, StrippableMessage } from '@peerkit/forwarded'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { forwardedRefused, forwardedStripped } from './channels.ts'
import { recordOfRequest } from './connection-record.ts'
import { assignPeer, peerOfRequest } from './request-peer.ts'

/** Takes the identity that a gateway passes on; false where a header must not be believed. */
export type TakeForwarded = (request: FastifyRequest) => boolean | Promise<boolean>

export function createTakeForwarded (app: FastifyInstance, reader: ForwardedReader): TakeForwarded {
  let onUnixSocket: boolean | undefined
  /** Known once the server listens, and kept when it no longer does. */
  function listensOnUnixSocket (): boolean {
    const address = app.server.address()
    if (address !== null) onUnixSocket = typeof address === 'string'
    return onUnixSocket ?? false
  }

  return (request) => {
    const { raw } = request
    // Of the connection's start: a socket that was reset meanwhile has no address any more.
    const remoteAddress = remoteAddressOf(request)
    const result = reader.read({ rawHeaders: raw.rawHeaders, sender: peerOfRequest(raw) ?? undefined, remoteAddress, unixSocket: remoteAddress === undefined && listensOnUnixSocket() })
    return result instanceof Promise ? result.then((settled) => take(reader, request, settled)) : take(reader, request, result)
  }
}

function take (reader: ForwardedReader, request: FastifyRequest, result: ForwardedResult): boolean {
  const { raw } = request
  if (result.state === 'accepted') assignPeer(raw, result.identity)
  else if (result.state === 'anonymous') assignPeer(raw, null)
  else if (result.state === 'refused' || result.state === 'stripped') report(request, result)
  if (result.state === 'stripped') stripHeaders(raw as unknown as StrippableMessage, reader.headerNames)
  return result.state !== 'refused'
}

function report (request: FastifyRequest, result: Extract<ForwardedResult, { header: string }>): void {
  const { header } = result
  const peer = peerOfRequest(request.raw)
  const refused = result.state === 'refused'
  const reason = refused ? result.reason : 'untrusted_sender'
  const detail = refused ? result.detail : undefined
  request.log.warn({ reason, detail, header, peer: peer?.toString() }, refused ? 'forwarded client certificate refused' : 'forwarded client certificate removed')
  const channel = refused ? forwardedRefused : forwardedStripped
  if (channel.hasSubscribers) channel.publish({ v: 1, time: Date.now(), reason, detail, header, peer, remoteAddress: remoteAddressOf(request) })
}

function remoteAddressOf ({ raw }: FastifyRequest): string | undefined {
  const record = recordOfRequest(raw)
  return record === undefined ? raw.socket?.remoteAddress : record.remoteAddress
}
