import { describeDecisionAsData } from './chain-decision.ts'
import type { Command } from './command.ts'
import { describeProbe } from './describe-probe.ts'
import { probeServer } from './probe-server.ts'
import { shownJson } from './shown.ts'
import { requireTarget } from './target.ts'
import { CLIENT_OPTIONS, readTlsArguments, TLS_OPTIONS } from './tls-arguments.ts'

export const probe: Command = {
  name: 'probe',
  summary: 'find out what a server asks of its clients, and why it refuses one',
  operands: { name: 'URL', help: 'https://host[:port][/path], or host:port', least: 1, most: 1 },
  options: { ...TLS_OPTIONS, ...CLIENT_OPTIONS, json: { type: 'boolean', help: 'all of it as JSON' } },
  notes: [
    'It connects some times: without our certificate, with it, in each version of TLS, and resuming a session; and sends GET with each of the first two and the last.',
    'With --ca the server\'s chain is checked as the plugins check it: chain says what is wrong with which certificate.',
    'A server that is not trusted gets neither our certificate nor a request, unless --insecure.', '',
    'Exit code: 0 answered by a trusted server with any status but 401 and 403; 1 refused, not trusted or not reached; 2 a wrong command line or file.', '',
    '  peerkit probe https://api.internal:8443/health --ca ca.pem --cert client.pem --key client.key'
  ],
  run: async (values, print, [url = '']) => {
    const tls = await readTlsArguments(values)
    const found = await probeServer(requireTarget(url), tls)
    const { server: { chain, ...server } } = found
    const data = { ...found, server: { ...server, chain: chain && describeDecisionAsData(chain) } }
    print(values['json'] === true ? shownJson(data) : describeProbe(found, tls.trust))
    return found.accepted ? 0 : 1
  }
}
