import { once } from 'node:events'
import { Agent } from 'node:https'
import { connect } from 'node:tls'
import { readFileSync } from 'node:fs'
import { callAs } from '../call.ts'
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
  const operator = world.paths('operator')
  const traffic = Array.from({ length: IN_FLIGHT }, async () => {
    while (!rotation.signal.aborted) {
      const status = await callAs(operator, { url: `${orders}/orders`, ca: operator.ca, agent, json: { amount: 1 } }).then((answer) => answer.status, () => 0)
      if (status === 201) answered += 1
      else failed += 1
    }
  })
  for (let round = 0; round < ROTATIONS; round += 1) {
    for (const [party, origin] of [['ledger', ledger], ['orders', orders]] as const) {
      const { serialNumber } = await world.rotate(party)
      await servedSerial(origin, serialNumber, world.paths('operator'))
    }
  }
  rotation.abort()
  await Promise.all(traffic)
  agent.destroy()
  transcript.expect(`${ROTATIONS} rotations of both services, failed calls`, String(failed), '0')
  transcript.expect('calls answered meanwhile', String(answered), /^[1-9]\d*$/)
}

/** Shakes hands until the server presents the certificate with this serial number. */
async function servedSerial (origin: string, serialNumber: string, operator: { cert: string, key: string, ca: string }): Promise<void> {
  const { hostname, port } = new URL(origin)
  const deadline = Date.now() + 10_000
  while (Date.now() < deadline) {
    const socket = connect({ host: hostname, port: Number(port), cert: readFileSync(operator.cert), key: readFileSync(operator.key), ca: readFileSync(operator.ca) })
    await once(socket, 'secureConnect')
    const served = socket.getPeerX509Certificate()?.serialNumber.toLowerCase()
    socket.destroy()
    if (served === serialNumber) return
  }
  throw new Error(`${origin} did not present certificate ${serialNumber} within 10 s of its rotation`)
}
