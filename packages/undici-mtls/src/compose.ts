import { Dispatcher } from 'undici'
import { adaptHandler } from './legacy-handler.ts'
import { HandlerRelay } from './handler-relay.ts'
import { toExplainedError } from './native-error.ts'

export type Dispatch = (options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler) => boolean
type Interceptor = Dispatcher.DispatcherComposeInterceptor
type Interceptors = Array<Interceptor | readonly Interceptor[] | null | undefined>

/** Replaces a network error by its explained form when it leaves the interceptors. */
class Explainer extends HandlerRelay {
  override onResponseError (controller: Dispatcher.DispatchController, error: Error): void {
    super.onResponseError(controller, toExplainedError(error))
  }
}

/**
 * Wraps the agent with interceptors, like undici's `compose`. In addition, the methods of the composed agent work
 * (undici's proxy loses private fields), its `fetch` goes through the interceptors, and interceptors see the error
 * codes that they know.
 */
export function composeAgent<A extends Dispatcher> (
  agent: A, inner: Dispatch, interceptors: Interceptors, bindFetch: (dispatch: Dispatch) => unknown
): A {
  const { dispatch: composed } = Dispatcher.prototype.compose.call(
    { dispatch: inner } as unknown as Dispatcher, ...interceptors as []
  ) as { dispatch: Dispatch }
  const dispatch: Dispatch = (options, handler) => composed(options, new Explainer(adaptHandler(handler)))
  const fetch = bindFetch(dispatch)
  const compose = (...more: Interceptors): A => composeAgent(agent, composed, more, bindFetch)
  // `request`, `stream` and the like are not bound: they dispatch by the object that they are called on.
  const [close, destroy] = [agent.close.bind(agent), agent.destroy.bind(agent)]
  const own: Readonly<Record<string | symbol, unknown>> = { dispatch, fetch, compose, close, destroy }
  return new Proxy(agent, {
    get: (target, key) => Object.hasOwn(own, key) ? own[key] : Reflect.get(target, key, target)
  })
}
