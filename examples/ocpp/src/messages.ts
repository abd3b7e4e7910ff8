type Call = [type: 2, id: string, action: string, payload: object]

/** The answer to a message of a station, as OCPP-J frames it: a result (3), or an error (4). */
export function answer (text: string): string {
  const call = readCall(text)
  if (call === undefined) return JSON.stringify([4, '-1', 'RpcFrameworkError', 'this is no call', {}])
  const [, id, action] = call
  const time = { currentTime: new Date().toISOString() }
  if (action === 'BootNotification') return JSON.stringify([3, id, { ...time, interval: 300, status: 'Accepted' }])
  if (action === 'Heartbeat') return JSON.stringify([3, id, time])
  return JSON.stringify([4, id, 'NotImplemented', `${action} is not part of this example`, {}])
}

function readCall (text: string): Call | undefined {
  try {
    const call = JSON.parse(text) as Partial<Call>
    const isCall = Array.isArray(call) && call[0] === 2 && typeof call[1] === 'string' && typeof call[2] === 'string'
    return isCall ? call as Call : undefined
  } catch {
    return undefined
  }
}
