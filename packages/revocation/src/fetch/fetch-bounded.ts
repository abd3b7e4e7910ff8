import { withTimeout } from '@peerkit/identity/internal'
import { findTarget, isRedirect, MAX_REDIRECTS, type Redirects } from './allowed-urls.ts'

/** Why a request failed. */
export type FetchFailure = 'network' | 'status' | 'timeout' | 'too_large' | 'closed'

export interface BoundedRequest {
  readonly method: 'GET' | 'POST'
  readonly headers: Record<string, string>
  readonly body?: Uint8Array
  /** Timeout of the whole request, in milliseconds: name lookup, connection, head and body. */
  readonly timeout: number
  /** Maximum size of the body after decompression, in bytes. */
  readonly maxBytes: number
  readonly redirects: Redirects
  readonly signal: AbortSignal
  /** Default: the global `fetch` at the time of the request. */
  readonly fetch: typeof fetch | undefined
  /** The class of the errors. */
  readonly Unavailable: new (reason: FetchFailure, detail: string, options?: ErrorOptions) => Error
}

export interface BoundedResponse {
  readonly status: number
  readonly headers: Headers
  readonly body: Uint8Array
}

/**
 * Sends one request with limits on time, size and redirects. A redirect that is not followed fails, and the message
 * says where it leads.
 */
export async function fetchBounded (url: string, request: BoundedRequest): Promise<BoundedResponse> {
  const { Unavailable } = request
  try {
    return await withTimeout(async (signal) => await send(url, request, signal), {
      timeout: request.timeout,
      onTimeout: () => {
        throw new Unavailable('timeout', `${url} took longer than ${request.timeout} ms`)
      },
      signal: request.signal
    })
  } catch (error) {
    if (request.signal.aborted) throw new Unavailable('closed', `${url}: aborted`, { cause: error })
    if (error instanceof Unavailable) throw error
    throw new Unavailable('network', `${url}: ${describeFailure(error)}`, { cause: error })
  }
}

async function send (url: string, request: BoundedRequest, signal: AbortSignal): Promise<BoundedResponse> {
  const response = await followRedirects(url, request, signal)
  if (response.status !== 200 && response.status !== 304) {
    await response.body?.cancel()
    throw new request.Unavailable('status', `${url} answered with status ${response.status}`)
  }
  return { status: response.status, headers: response.headers, body: await readBody(response, url, request) }
}

async function followRedirects (url: string, request: BoundedRequest, signal: AbortSignal): Promise<Response> {
  const { fetch = globalThis.fetch } = request
  let at = url
  for (let followed = 0; ; followed++) {
    const response = await fetch(at, {
      method: request.method,
      headers: request.headers,
      ...(request.body === undefined ? {} : { body: Buffer.from(request.body) }),
      redirect: 'manual',
      signal
    })
    if (!isRedirect(response.status)) return response
    await response.body?.cancel()
    const target = findTarget(at, response.headers.get('location'), request.redirects)
    if ('problem' in target) {
      throw new request.Unavailable('status', `${at} (status ${response.status}) ${target.problem}`)
    }
    if (followed === MAX_REDIRECTS) {
      throw new request.Unavailable(
        'status', `${url} redirects more than ${MAX_REDIRECTS} times, at last to ${target.url}`
      )
    }
    at = target.url
  }
}

async function readBody (
  response: Response, url: string, { maxBytes, Unavailable }: BoundedRequest
): Promise<Uint8Array> {
  const announced = Number(response.headers.get('content-length') ?? 0)
  if (announced > maxBytes) {
    await response.body?.cancel()
    throw new Unavailable('too_large', `${url} announces ${announced} bytes; at most ${maxBytes} are allowed`)
  }
  // Copy chunks as they arrive: joining 40 MB at the end would block the event loop for some 15 ms.
  let whole = new Uint8Array(announced > 0 ? announced : Math.min(maxBytes, 1 << 16))
  let length = 0
  // Throwing out of the loop cancels the body.
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    if (length + chunk.length > maxBytes) {
      throw new Unavailable('too_large', `${url} sends more than ${maxBytes} bytes`)
    }
    if (length + chunk.length > whole.length) {
      whole = enlarge(whole, Math.min(maxBytes, Math.max(2 * whole.length, length + chunk.length)))
    }
    whole.set(chunk, length)
    length += chunk.length
  }
  return whole.subarray(0, length)
}

function enlarge (bytes: Uint8Array<ArrayBuffer>, length: number): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(length)
  larger.set(bytes)
  return larger
}

function describeFailure (error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  return cause instanceof Error ? cause.message : String(cause)
}
