import { Dispatcher } from 'undici'
import {
  OutboundClientCertificateRefusedError, OutboundServerRevokedError, OutboundUnreachableError
} from '../errors.ts'
import { toExplainedError } from './exchange.ts'
import { bindFetch } from './fetch.ts'
import { adaptHandler, HandlerRelay } from './handlers.ts'
import type { Dispatch } from './handlers.ts'

type Interceptor = Dispatcher.DispatcherComposeInterceptor
type Interceptors = Array<Interceptor | readonly Interceptor[] | null | undefined>
type MapError = (error: Error) => Error

/** The methods of MtlsAgent that are used, apart from those of any dispatcher. */
interface Agent extends Dispatcher {
  compose (...interceptors: any[]): this
  describeServers (origin: string): string
}

/**
 * Wraps the agent with interceptors, like undici's `compose`. In addition, the methods of the composed agent work
 * (undici's proxy loses private fields), its `fetch` goes through the interceptors, and interceptors see the error
 * codes that they know.
 */
export function composeAgent<A extends Agent> (agent: A, inner: Dispatch, interceptors: Interceptors): A {
  const { dispatch } = Dispatcher.prototype.compose.call(
    { dispatch: inner } as unknown as Dispatcher, ...interceptors as []
  ) as { dispatch: Dispatch }
  return standFor(agent, dispatch, toExplainedError, (...more) => composeAgent(agent, dispatch, more))
}

/** Returns the agent, whose errors are mapped when they leave it and the interceptors that are put around it later. */
export function mapErrors<A extends Agent> (agent: A, map: MapError): A {
  const dispatch: Dispatch = (options, handler) => agent.dispatch(options, handler)
  return standFor(agent, dispatch, map, (...more) => mapErrors(agent.compose(...more), map))
}

function standFor<A extends Agent> (
  agent: A, inner: Dispatch, map: MapError, compose: (...interceptors: Interceptors) => A
): A {
  const dispatch: Dispatch = (options, handler) => inner(options, new ErrorMapper(adaptHandler(handler), map))
  // `request`, `stream` and the like are not bound: they dispatch by the object that they are called on.
  const own: Readonly<Record<string | symbol, unknown>> = {
    dispatch,
    fetch: bindFetch(dispatch),
    compose,
    close: agent.close.bind(agent),
    destroy: agent.destroy.bind(agent),
    describeServers: agent.describeServers.bind(agent)
  }
  return new Proxy(agent, {
    get: (target, key) => Object.hasOwn(own, key) ? own[key] : Reflect.get(target, key, target)
  })
}

/** Replaces the error of a request when it leaves the agent. */
class ErrorMapper extends HandlerRelay {
  readonly #map: MapError

  constructor (handler: Dispatcher.DispatchHandler, map: MapError) {
    super(handler)
    this.#map = map
  }

  override onResponseError (controller: Dispatcher.DispatchController, error: Error): void {
    super.onResponseError(controller, this.#map(error))
  }
}

/**
 * The error codes to retry: undici's defaults, and those of this package with which `retryable` may be true. Needed
 * only for undici's `RetryAgent`, which knows nothing but codes: it also retries an alert about the client certificate.
 * With `agent.compose` the retry interceptor retries what is `retryable`, and nothing else.
 *
 * @example
 * ```ts
 * const { RetryAgent } = await import('undici')
 * const agent = new RetryAgent(new MtlsAgent({ credentials }), { errorCodes: [...retryErrorCodes] })
 * await agent.close()
 * ```
 */
export const retryErrorCodes: readonly string[] = Object.freeze([
  'ECONNRESET', 'ECONNREFUSED', 'ENOTFOUND', 'ENETDOWN', 'ENETUNREACH', 'EHOSTDOWN', 'EHOSTUNREACH', 'EPIPE',
  'UND_ERR_SOCKET', OutboundUnreachableError.code, OutboundClientCertificateRefusedError.code,
  OutboundServerRevokedError.code
])
