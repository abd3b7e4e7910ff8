import { X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { watchServerCertificate } from '@peerkit/identity/internal'
import type { SentChain } from '@peerkit/identity/internal'
import { Agent, buildConnector } from 'undici'

/** Whom the connections of an agent accept, and what they present. */
export interface PinnedAgentOptions {
  /** The CAs that the server's certificate must lead to, PEM. No others are accepted. */
  readonly ca: readonly string[]
  /** Our certificate with its intermediates, PEM. Default: none is presented. */
  readonly cert?: string
  /** Its key, PEM. */
  readonly key?: string
  /** Ends the connections: undici waits for a handshake whatever the signal of a request says. */
  readonly signal: AbortSignal
}

/**
 * An agent of undici for a few calls to one server, over HTTP/1.1. Close it with `destroy()`. No session is resumed:
 * the server shows its certificate on each connection.
 */
export function pinnedAgent ({ ca, cert, key, signal }: PinnedAgentOptions): Agent {
  const own = cert === undefined ? {} : { cert, key }
  return agentOf({ ca: [...ca], rejectUnauthorized: true, ...own }, checkName, signal)
}

/**
 * An agent that accepts any server. For an answer that is verified by its digest, to a question without a secret.
 */
export function unverifiedAgent (signal: AbortSignal): Agent {
  return agentOf({ rejectUnauthorized: false }, () => {}, signal)
}

type Check = (presented: SentChain | undefined, host: string) => void

function agentOf (tls: object, check: Check, signal: AbortSignal): Agent {
  const connect = buildConnector({
    minVersion: 'TLSv1.2',
    maxCachedSessions: 0,
    allowH2: false,
    // Node would ask for its legacy object of the certificate. `check` does it with the certificate itself.
    checkServerIdentity: () => undefined,
    ...tls
  } as buildConnector.BuildOptions)
  return new Agent({
    connections: 1,
    pipelining: 0,
    allowH2: false,
    connect (options, callback) {
      const socket = connect(options, (error, opened) => {
        if (error !== null) {
          callback(error, null)
          return
        }
        try {
          check(presented(), options.hostname.replace(/^\[|\]$/g, ''))
          callback(null, opened)
        } catch (refusal) {
          opened.destroy()
          callback(refusal as Error, null)
        }
      }) as unknown as TLSSocket
      const presented = watchServerCertificate(socket)
      endWith(signal, socket)
    }
  } as Agent.Options)
}

function endWith (signal: AbortSignal, socket: TLSSocket): void {
  const end = (): void => { socket.destroy(new Error('nobody waits for the answer any more')) }
  if (signal.aborted) end()
  signal.addEventListener('abort', end, { once: true })
  socket.once('close', () => { signal.removeEventListener('abort', end) })
}

/** @throws if the certificate of the server is not for its name */
function checkName (presented: SentChain | undefined, host: string): void {
  const certificate = presented === undefined ? undefined : new X509Certificate(presented.leaf)
  const isNamed = isIP(host) === 0
    ? certificate?.checkHost(host, { subject: 'never', partialWildcards: false })
    : certificate?.checkIP(host)
  if (isNamed !== undefined) return
  const names = certificate?.subjectAltName ?? 'no names'
  throw Object.assign(new Error(`the certificate of the server is for ${names}; expected ${host}`), {
    code: 'ERR_TLS_CERT_ALTNAME_INVALID'
  })
}
