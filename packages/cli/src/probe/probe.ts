import { describeDecisionAsData } from './chain-decision.ts'
import type { Command } from './command.ts'
import { describeProbe } from './describe-probe.ts'
import { probeServer } from './probe-server.ts'
import { shownJson } from './shown.ts'
import { requireTarget } from './target.ts'
import { CLIENT_OPTIONS, readTlsArguments, TLS_OPTIONS } from './tls-arguments.ts'

export const probe: Command = {
  name: 'probe',
  summary: 'diagnose why a server refuses a client',
  operands: { name: 'URL', help: 'https://host[:port][/path], or host:port', least: 1, most: 1 },
  options: { ...TLS_OPTIONS, ...CLIENT_OPTIONS, json: { type: 'boolean', help: 'the result as JSON' } },
  notes: [
    'It connects without a client certificate, with it, in each version of TLS, and with a session to resume.',
    'It sends a GET in all of these but those for the versions of TLS.',
    'With --ca the server\'s chain is also checked as the plugins do; the row "chain" has the result.',
    'An untrusted server gets neither the client certificate nor a request, unless --insecure is given.', '',
    'Exit code: 0 a trusted server answered with a status other than 401 and 403;',
    '1 refused, not trusted or not reached; 2 a wrong command line or file.', '',
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
