import { subscribe, unsubscribe } from 'node:diagnostics_channel'

/** What a test gives: tap's `after`, or that of a benchmark. */
export interface After { after (task: () => Promise<void> | void): unknown }

/** Collects what a channel publishes until the test ends. */
export function collectMessages<Message = any> (t: After, channel: string): Message[] {
  const messages: Message[] = []
  const listen = (message: unknown): void => { messages.push(message as Message) }
  subscribe(channel, listen)
  t.after(() => { unsubscribe(channel, listen) })
  return messages
}

/** The next message of a channel that is wanted. */
export async function nextMessage<Message = any> (
  channel: string, isWanted: (message: Message) => boolean = () => true
): Promise<Message> {
  return await new Promise((resolve) => {
    const listen = (message: unknown): void => {
      if (!isWanted(message as Message)) return
      unsubscribe(channel, listen)
      resolve(message as Message)
    }
    subscribe(channel, listen)
  })
}
