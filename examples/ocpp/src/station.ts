import { once } from 'node:events'
import type { IssuedCertificate } from '@peerkit/dev-ca'
import WebSocket from 'ws'

export interface Station {
  /** Sends a call, and returns the payload of the answer. */
  call (action: string, payload?: object): Promise<string>
  /** Ends when the server has closed the WebSocket. */
  readonly closed: Promise<string>
}

/** A charging station. It rejects with the status of the answer if the server takes no WebSocket. */
export async function connectStation (
  url: string, { chain, key, ca }: Pick<IssuedCertificate, 'chain' | 'key' | 'ca'>
): Promise<Station> {
  const socket = new WebSocket(url, 'ocpp2.0.1', { cert: chain, key, ca })
  await once(socket, 'open')
  const closed = once(socket, 'close').then(([code]) => `closed (${String(code)})`)
  let count = 0
  return {
    closed,
    call: async (action, payload = {}) => {
      socket.send(JSON.stringify([2, String(++count), action, payload]))
      const [data] = await once(socket, 'message') as [Buffer]
      const [type, , ...rest] = JSON.parse(String(data)) as [number, string, ...unknown[]]
      return type === 3 ? JSON.stringify(rest[0]) : `error: ${String(rest[0])}`
    }
  }
}
