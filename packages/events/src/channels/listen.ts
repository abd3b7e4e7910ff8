import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { EventMessages, EventName } from './channels.ts'
import { concerns, type EventMessage } from './emitter.ts'

/** A function for each channel that you want to hear. It is called with the message and the channel's name. */
export type EventListeners = { readonly [Name in EventName]?: (message: EventMessages[Name], name: Name) => void }

/** Options of {@link listen}. */
export interface ListenOptions {
  /**
   * Called with an error that a listener threw, and with a TypeError for a message of an unknown version. Default: the
   * first error becomes a process warning.
   */
  readonly onError?: (error: unknown, name: EventName) => void
  /**
   * The HTTP server of an app (`app.server`): only messages of this app are passed on, and those that belong to no app.
   * Default: the messages of the whole process.
   */
  readonly server?: object | undefined
}

/**
 * Subscribes to channels by name, typed.
 *
 * Messages of a version other than 1 are not passed on. Errors of listeners go to `onError`: Node would make them
 * uncaught exceptions, and an error in a log must not end a service.
 *
 * @param listeners a function for each channel
 * @param options `onError`; default: the first error becomes a process warning. `server`; default: all apps of the
 *   process
 * @returns a function that unsubscribes
 * @example
 * ```ts
 * const stop = listen({
 *   'peerkit:request:denied': ({ peer, method, path, reason }) => { console.log(String(peer), method, path, reason) },
 *   'peerkit:credentials:rotated': ({ generation }) => { console.log('new credentials', generation) }
 * })
 * // later
 * stop()
 * ```
 */
export function listen (listeners: EventListeners, { onError = warnOnce(), server }: ListenOptions = {}): () => void {
  const heard = (Object.keys(listeners) as EventName[]).map((name) => {
    const take = listeners[name] as (message: unknown, name: EventName) => void
    const hear = (message: unknown): void => {
      try {
        if ((message as Partial<EventMessage> | null)?.v !== 1) {
          throw new TypeError(`a message on ${name} has an unknown version; expected 1`)
        }
        if (server === undefined || concerns(message as EventMessage, server)) take(message, name)
      } catch (error) {
        onError(error, name)
      }
    }
    subscribe(name, hear)
    return [name, hear] as const
  })
  return () => { for (const [name, hear] of heard) unsubscribe(name, hear) }
}

function warnOnce (): (error: unknown, name: EventName) => void {
  let warned = false
  return (error, name) => {
    if (warned) return
    warned = true
    process.emitWarning(
      `A listener of ${name} threw an error: ${error instanceof Error ? error.stack ?? error.message : String(error)}`,
      { code: 'PEERKIT_LISTENER_FAILED' }
    )
  }
}
