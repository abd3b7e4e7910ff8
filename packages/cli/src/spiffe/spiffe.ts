import { endOfValidity } from '@peerkit/identity'
import type { PeerIdentity } from '@peerkit/identity'
import { readDuration, textOf, UsageError } from '../command.ts'
import type { Command } from '../command.ts'
import { shownJson } from '../output.ts'
import { checkUse } from './check-use.ts'
import { describeAsData, describeAsText } from './describe-workload.ts'
import type { WorkloadReport } from './describe-workload.ts'

/** Only this command needs it. */
async function loadSpiffe (): Promise<typeof import('@peerkit/spiffe')> {
  return await import('@peerkit/spiffe')
}

export const spiffe: Command = {
  name: 'spiffe',
  summary: 'show what the SPIFFE Workload API gives, and whether a service can use it',
  options: {
    socket: {
      type: 'string', help: 'unix:/path or tcp://127.0.0.1:8000 (default the variable SPIFFE_ENDPOINT_SOCKET)'
    },
    hint: { type: 'string', help: 'the hint of the X.509-SVID that the service uses (default the first one)' },
    'spiffe-id': { type: 'string', help: 'the SPIFFE ID of the X.509-SVID that the service uses' },
    within: { type: 'string', help: 'report what expires within this time (default 1m)' },
    timeout: { type: 'string', help: 'how long to wait for the agent (default 5s)' },
    json: { type: 'boolean', help: 'the answer as JSON' }
  },
  notes: [
    'It never prints a key. The agent decides by the process that asks, so run it as the user of the service.',
    'Exit code: 0 a service can use it; 1 there is a problem, or something expires within the time;',
    '2 a wrong command line.', '',
    '  peerkit spiffe --socket unix:/run/spire/agent.sock'
  ],
  run: async (values, print) => {
    const { inspectWorkloadApi, spiffeCredentials, SpiffeOptionError } = await loadSpiffe()
    const timeout = readDuration(textOf(values, 'timeout') ?? '5s', 'timeout')
    const within = readDuration(textOf(values, 'within') ?? '1m', 'within')
    const socket = textOf(values, 'socket')
    const choice = { hint: textOf(values, 'hint'), spiffeId: textOf(values, 'spiffe-id') }
    try {
      const view = await inspectWorkloadApi({ socket, timeout })
      const use = await checkUse(async () => await spiffeCredentials({ socket, ...choice, waitFor: timeout }))
      const report: WorkloadReport = { view, use, ending: listEnding(view, within), now: Date.now() }
      print(values['json'] === true ? shownJson(describeAsData(report)) : describeAsText(report))
      return isGood(report) ? 0 : 1
    } catch (error) {
      if (error instanceof SpiffeOptionError) throw new UsageError(error.message, { cause: error })
      throw error
    }
  }
}

function isGood ({ view: { svids, bundles }, use, ending }: WorkloadReport): boolean {
  return use.problem === undefined && ending.size === 0 &&
    [...svids, ...bundles].every(({ problem }) => problem === undefined) && use.refused.length === 0
}

/** The certificates that are not valid for as long. */
function listEnding ({ svids, bundles }: WorkloadReport['view'], within: number): ReadonlySet<PeerIdentity> {
  const soon = Date.now() + within
  const isEnding = ({ notBefore = 0, notAfter = -Infinity }: PeerIdentity): boolean => {
    return endOfValidity({ notAfter }) <= soon || notBefore > Date.now()
  }
  const chains = svids.flatMap(({ chain }) => chain)
  // Of a bundle one CA is enough: the former one stays in it until it has expired.
  const anchors = bundles.flatMap(({ anchors }) => anchors.every(isEnding) ? anchors : [])
  return new Set([...chains.filter(isEnding), ...anchors])
}
