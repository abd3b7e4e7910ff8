import { Dispatcher } from 'undici'
import { adaptHandler } from './legacy-handler.ts'
import { HandlerRelay } from './handler-relay.ts'
import { toExplainedError } from './native-error.ts'

export type Dispatch = (options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler) => boolean
type Interceptors = Array<Dispatcher.DispatcherComposeInterceptor | readonly Dispatcher.DispatcherComposeInterceptor[] | null | undefined>

/** Gives a network error its explanation when it leaves the interceptors. */
class Explainer extends HandlerRelay {
  override onResponseError (controller: Dispatcher.DispatchController, error: Error): void {
    super.onResponseError(controller, toExplainedError(error))
  }
}

/**
 * The agent with interceptors around it. As undici's `compose`, and beyond it: what the composed agent has as methods works (undici's proxy loses private fields), its `fetch` goes through the
 * interceptors, and they see the error codes they know.
 */
export function composeAgent<A extends Dispatcher> (agent: A, inner: Dispatch, interceptors: Interceptors, bindFetch: (dispatch: Dispatch) => unknown): A {
  const { dispatch: composed } = Dispatcher.prototype.compose.call({ dispatch: inner } as unknown as Dispatcher, ...interceptors as []) as { dispatch: Dispatch }
  const dispatch: Dispatch = (options, handler) => composed(options, new Explainer(adaptHandler(handler)))
  const fetch = bindFetch(dispatch)
  const compose = (...more: Interceptors): A => composeAgent(agent, composed, more, bindFetch)
  // `request`, `stream` and the like are not bound: they dispatch by what they are called on.
  const own: Readonly<Record<string | symbol, unknown>> = { dispatch, fetch, compose, close: agent.close.bind(agent), destroy: agent.destroy.bind(agent) }
  return new Proxy(agent, { get: (target, key) => Object.hasOwn(own, key) ? own[key] : Reflect.get(target, key, target) })
}
