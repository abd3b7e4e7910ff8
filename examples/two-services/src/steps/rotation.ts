import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { Agent } from 'node:https'
import { connect } from 'node:tls'
import { readFileSync } from 'node:fs'
import type { PeerIdentity } from '@peerkit/identity'
import { callAs } from '../call.ts'
import type { Paths } from '../mint.ts'
import type { Demo } from './demo.ts'

const ROTATIONS = 5
const IN_FLIGHT = 8

/** Both services get new certificates, several times, while an operator keeps placing orders through both. */
export async function rotationStep ({ world, transcript, ledger, orders }: Demo): Promise<void> {
  transcript.title('3. Certificates rotate under traffic')
  const agent = new Agent({ keepAlive: true })
  const rotation = new AbortController()
  let answered = 0
  let failed = 0
  let served = true
  const operator = world.paths('operator')
  const traffic = Array.from({ length: IN_FLIGHT }, async () => {
    while (!rotation.signal.aborted) {
      const order = callAs(operator, { url: `${orders}/orders`, ca: operator.ca, agent, json: { amount: 1 } })
      const status = await order.then((answer) => answer.status, () => 0)
      if (status === 201) answered += 1
      else failed += 1
    }
  })
  for (let round = 0; round < ROTATIONS; round += 1) {
    for (const [party, origin] of [['ledger', ledger], ['orders', orders]] as const) {
      const { serialNumber } = await world.issue(party)
      const taken = inForce(serialNumber)
      await world.place(party)
      await taken
      served &&= await servedSerial(origin, operator) === serialNumber
    }
  }
  rotation.abort()
  await Promise.all(traffic)
  agent.destroy()
  transcript.expect(`${ROTATIONS} rotations of both services, failed calls`, String(failed), '0')
  transcript.expect('each new certificate was served', String(served), 'true')
  transcript.expect('calls answered meanwhile', String(answered), /^[1-9]\d*$/)
}

/** Resolves when an event says that the certificate with this serial number is in force. */
async function inForce (serialNumber: string): Promise<void> {
  await new Promise<void>((resolve) => {
    const listener = (message: unknown): void => {
      if ((message as { identity: PeerIdentity }).identity.serialNumber !== serialNumber) return
      unsubscribe('peerkit:credentials:rotated', listener)
      resolve()
    }
    subscribe('peerkit:credentials:rotated', listener)
  })
}

/** The serial number of the certificate that a server presents to a new client. */
async function servedSerial (origin: string, { cert, key, ca }: Paths): Promise<string> {
  const { hostname, port } = new URL(origin)
  const material = { cert: readFileSync(cert), key: readFileSync(key), ca: readFileSync(ca) }
  const socket = connect({ host: hostname, port: Number(port), ...material })
  await once(socket, 'secureConnect')
  const served = socket.getPeerX509Certificate()?.serialNumber.toLowerCase() ?? 'none'
  socket.end()
  socket.resume()
  await once(socket, 'close')
  return served
}
