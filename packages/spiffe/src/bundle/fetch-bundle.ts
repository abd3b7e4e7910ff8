import { request } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'
import { connect } from 'node:tls'
import type { ConnectionOptions, TLSSocket } from 'node:tls'
import type { Clock } from '@peerkit/credentials'
import { watchServerCertificate, withTimeout, withoutQuery } from '@peerkit/identity/internal'
import type { SentChain } from '@peerkit/identity/internal'
import { BundleEndpointError } from '../errors.ts'
import { MAX_DOCUMENT_OCTETS } from './format.ts'

/** How a server is authenticated. */
export interface ServerCheck {
  /** The CAs for OpenSSL. */
  readonly tls: Pick<ConnectionOptions, 'ca' | 'allowPartialTrustChain'>
  /**
   * Checks the certificate that OpenSSL has accepted.
   *
   * @throws BundleEndpointError with the reason `server`
   */
  check (sent: SentChain): void | Promise<void>
}

export interface FetchOptions {
  readonly url: URL
  readonly server: ServerCheck
  /** That of the document that is held. */
  readonly etag: string | undefined
  /** Milliseconds for everything: connection, handshake and the whole answer. */
  readonly timeout: number
  readonly clock: Clock
  readonly signal: AbortSignal
}

/** What an endpoint answered. Undefined: the document is the one with the given `etag`. */
export type Fetched = { readonly text: string, readonly etag: string | undefined } | undefined

/**
 * Gets a document over HTTPS. The server is checked before the request is sent. No redirect is followed and no
 * compression is accepted. It keeps no process alive.
 *
 * @throws BundleEndpointError, or the reason of the signal
 */
export async function fetchBundle (options: FetchOptions): Promise<Fetched> {
  const { timeout, clock, signal, url } = options
  return await withTimeout(async (ownSignal) => await exchange(options, ownSignal), {
    timeout,
    signal,
    schedule: (task, delay) => clock.schedule(task, delay),
    onTimeout: () => {
      throw new BundleEndpointError('timeout', `${withoutQuery(url.href)} gave no whole answer within ${timeout} ms`)
    }
  })
}

async function exchange ({ url, server, etag }: FetchOptions, signal: AbortSignal): Promise<Fetched> {
  const socket = openSocket(url, server)
  const destroy = (): void => { socket.destroy() }
  signal.addEventListener('abort', destroy, { once: true })
  try {
    await acceptServer(socket, server)
    return await readAnswer(await ask(socket, url, etag), url, etag)
  } catch (error) {
    if (error instanceof BundleEndpointError) throw error
    const { code, message } = error as NodeJS.ErrnoException
    const isRefusal = socket.authorizationError !== null && socket.authorizationError !== undefined
    // Node advises an option of its own, after a semicolon.
    const said = isRefusal ? message.replace(/;.*/, '') : message
    const advice = isRefusal && server.tls.ca === undefined ? '; the option ca names other CAs than those of Node' : ''
    const detail = `${withoutQuery(url.href)} failed: ${code === undefined ? said : `${code} (${said})`}${advice}`
    throw new BundleEndpointError(isRefusal ? 'server' : 'unreachable', detail, { cause: error })
  } finally {
    signal.removeEventListener('abort', destroy)
    socket.destroy()
  }
}

const presented = new WeakMap<TLSSocket, () => SentChain | undefined>()

/** The host of a URL without the brackets of an IPv6 address and the dot of an absolute name. */
export function hostOf ({ hostname }: URL): string { return hostname.replace(/^\[|\]$|\.$/g, '') }

function openSocket (url: URL, { tls }: ServerCheck): TLSSocket {
  const { port } = url
  const host = hostOf(url)
  const socket = connect({
    host,
    port: port === '' ? 443 : Number(port),
    servername: isIP(host) === 0 ? host : '',
    ALPNProtocols: ['http/1.1'],
    minVersion: 'TLSv1.2',
    // An environment variable of Node would turn it off.
    rejectUnauthorized: true,
    // `check` does it, with what OpenSSL verified.
    checkServerIdentity: () => undefined,
    ...tls
  })
  socket.unref()
  presented.set(socket, watchServerCertificate(socket))
  return socket
}

async function acceptServer (socket: TLSSocket, { check }: ServerCheck): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    socket.once('secureConnect', resolve)
    // Not removed: a later error must not be unhandled.
    socket.on('error', reject)
    socket.once('close', () => { reject(new Error('the connection was closed')) })
  })
  const sent = presented.get(socket)?.()
  if (!socket.authorized || sent === undefined) {
    throw new BundleEndpointError('server', 'the server sent no valid certificate')
  }
  await check(sent)
}

async function ask (socket: TLSSocket, url: URL, etag: string | undefined): Promise<IncomingMessage> {
  return await new Promise((resolve, reject) => {
    const sent = request({
      createConnection: () => socket,
      path: url.pathname + url.search,
      headers: {
        host: url.host,
        accept: 'application/json',
        'accept-encoding': 'identity',
        ...(etag !== undefined && { 'if-none-match': etag })
      }
    })
    sent.once('response', resolve)
    sent.on('error', reject)
    sent.end()
  })
}

async function readAnswer (response: IncomingMessage, url: URL, etag: string | undefined): Promise<Fetched> {
  const { statusCode = 0, headers } = response
  const { location, 'content-encoding': encoding = 'identity' } = headers
  const { 'content-type': type, 'content-length': length } = headers
  const answered = `${withoutQuery(url.href)} answered with`
  if (statusCode === 304 && etag !== undefined) return undefined
  if (statusCode >= 300 && statusCode < 400 && location !== undefined) {
    const target = JSON.stringify(location.slice(0, 200))
    const detail = `${answered} a redirect to ${target}; expected the document, because no redirect is followed`
    throw new BundleEndpointError('redirect', detail)
  }
  if (statusCode !== 200) throw new BundleEndpointError('status', `${answered} HTTP status ${statusCode}; expected 200`)
  if (encoding !== 'identity') {
    const found = JSON.stringify(encoding.slice(0, 100))
    throw new BundleEndpointError('content', `${answered} the content encoding ${found}; expected none`)
  }
  if (!isDocument(type)) {
    const found = JSON.stringify(String(type).slice(0, 100))
    throw new BundleEndpointError('content', `${answered} the content type ${found}; expected application/json`)
  }
  const tooLarge = (): Error =>
    new BundleEndpointError('too_large', `${answered} more than ${MAX_DOCUMENT_OCTETS} octets`)
  if (Number(length) > MAX_DOCUMENT_OCTETS) throw tooLarge()
  const chunks: Buffer[] = []
  let octets = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    octets += chunk.length
    if (octets > MAX_DOCUMENT_OCTETS) throw tooLarge()
    chunks.push(chunk)
  }
  return { text: Buffer.concat(chunks).toString(), etag: headers.etag?.slice(0, 1_000) }
}

/** JSON, or what file servers say of files whose type they do not know. The type only SHOULD be JSON. */
function isDocument (type: string | undefined): boolean {
  const essence = type?.split(';')[0]?.trim().toLowerCase() ?? ''
  return essence === '' || essence === 'application/octet-stream' || essence === 'text/plain' ||
    /^application\/([\w.-]+\+)?json$/.test(essence)
}
