// A workload of another user: node workload.ts ADDRESS UID. Everything is loaded before it gives up its rights.
import { spiffeCredentials, WorkloadApiError } from '@peerkit/spiffe'

const [socket, uid] = process.argv.slice(2)
process.setgroups?.([])
process.setgid?.(Number(uid))
process.setuid?.(Number(uid))
try {
  const source = await spiffeCredentials({ socket, retryFirst: 500, waitFor: 10_000 })
  console.log(`SVID ${source.current.identity.spiffeId}`)
  await source.close()
} catch (error) {
  if (!(error instanceof WorkloadApiError)) throw error
  const { reason, status } = error.cause as WorkloadApiError
  console.log(`PROBLEM ${error.reason} ${reason} ${status}`)
}
