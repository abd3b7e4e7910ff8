/** The parts of a Fastify request and reply that are used. */
interface UpgradeRequest {
  readonly raw: {
    readonly headers: { readonly upgrade?: string | undefined }
    readonly socket: { destroySoon? (): void }
  }
}
interface UpgradeReply {
  header (name: string, value: string): unknown
  readonly raw: { once (event: 'finish', listener: () => void): unknown }
}

/**
 * Closes the socket of a refused request after the answer, if the request asks for an upgrade. Node has released that
 * socket: nothing else would close it, and no timeout of the server applies.
 */
export function closeUpgrade ({ raw }: UpgradeRequest, reply: UpgradeReply): void {
  const { socket } = raw
  // An injected request has no socket to close.
  if (raw.headers.upgrade === undefined || typeof socket?.destroySoon !== 'function') return
  reply.header('connection', 'close')
  reply.raw.once('finish', () => { socket.destroySoon?.() })
}
