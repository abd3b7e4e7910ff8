import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { EventMessages, EventName } from './event-messages.ts'
import type { EventMessage } from './message.ts'

/** What is to be done with the messages of each channel. */
export type EventListeners = { readonly [Name in EventName]?: (message: EventMessages[Name], name: Name) => void }

export interface ListenOptions {
  /** Called with what a listener threw, and where a message is of no known version. Default: a process warning, once. */
  readonly onError?: (error: unknown, name: EventName) => void
}

/**
 * Hears the named channels until the function it returns is called. Messages of another version than 1 are not passed on. What a listener throws stays here: Node would throw it at
 * the process, and a mistake in a log must not end a service.
 */
export function listen (listeners: EventListeners, { onError = warnOnce() }: ListenOptions = {}): () => void {
  const heard = (Object.keys(listeners) as EventName[]).map((name) => {
    const take = listeners[name] as (message: unknown, name: EventName) => void
    const hear = (message: unknown): void => {
      try {
        if ((message as Partial<EventMessage> | null)?.v !== 1) throw new TypeError(`A message on ${name} is not of version 1`)
        take(message, name)
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
    process.emitWarning(`A listener to ${name} failed: ${error instanceof Error ? error.stack ?? error.message : String(error)}`, { code: 'PEERKIT_LISTENER_FAILED' })
  }
}
