import { endOfValidity } from '@peerkit/identity'
import type { Command } from '../command.ts'
import { describePeriod, shown, shownJson, shownRows } from '../output.ts'
import { describeAsking, describeTrusted } from '../server/server-view.ts'
import { CLIENT_OPTIONS, readTlsArguments, requireTarget, TLS_OPTIONS } from '../server/tls-arguments.ts'
import { describeDecisionAsData } from '../trust/decision.ts'
import type { ProbeAnswer } from './probe-request.ts'
import { probeServer } from './probe-server.ts'
import type { OwnFound, Probed, ProbeRun, VersionFound } from './probe-server.ts'

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

/** The result of a probe, as text. */
function describeProbe (
  { target, server, versions, withoutCertificate, own, resumption }: Probed, trust: string
): string {
  const { identity, address } = server
  if (address === undefined) return `${shown(target)}\n${shownRows([['not reached', withoutCertificate.failure]])}`
  return `${shown(target)}\n` + shownRows([
    ['address', address],
    ['server', describeServer(identity)],
    ...describeTrusted(server, trust, 'unknown: the handshake failed'),
    ...versions.map((found) => [found.version.replace('v', ' '), describeVersion(found)] as const),
    ...describeAsking(server, 'the server names none, so any may work'),
    ['own certificate', own === undefined ? undefined : `${own.subject}${describeFit(own)}`],
    ['without a certificate', describeRun(withoutCertificate)],
    ['with own certificate', own === undefined
      ? undefined
      : own.run === undefined
        ? 'not sent: the server is not trusted (--insecure sends it anyway)'
        : describeRun(own.run)],
    ['resumption', describeResumption(resumption)]
  ])
}

function describeServer (identity: Probed['server']['identity']): string {
  if (identity === undefined) return 'sent no readable certificate'
  return `${String(identity)}, ${describePeriod(identity.notBefore, endOfValidity(identity), Date.now())}`
}

function describeVersion ({ spoken, cipher, alpn, failure }: VersionFound): string {
  if (failure !== undefined) return spoken ? `supported, but: ${failure}` : `no: ${failure}`
  return [cipher, alpn ?? 'no ALPN'].join(', ')
}

/** A server names CAs, and not their keys. So a CA of the right name may be another one. */
function describeFit ({ issuerAccepted, run }: OwnFound): string {
  if (issuerAccepted === undefined) return ''
  if (!issuerAccepted) return '; the server does not name its CA, so Go, Java and browsers would not send it'
  const { failure, answer } = run ?? {}
  const isRefused = run !== undefined && (failure !== undefined || answer?.failure !== undefined)
  return `; the server names its CA${isRefused ? ' (a name only: the CA of the server may have another key)' : ''}`
}

function describeRun ({ failure, answer }: ProbeRun): string {
  if (failure !== undefined) return `refused: ${failure}`
  return answer === undefined
    ? 'the handshake succeeds; no request was sent, because the server is not trusted'
    : describeAnswer(answer)
}

function describeAnswer ({ status, code, failure }: ProbeAnswer): string {
  if (status === undefined) return `refused after the handshake: ${failure}`
  const verdict = status === 401 || status === 403 ? 'refused: ' : ''
  return `${verdict}HTTP ${status}${code === undefined ? '' : ` ${code}`}`
}

function describeResumption (resumption: Probed['resumption']): string | undefined {
  if (resumption === undefined) return 'not tried'
  if (!resumption.reused) return 'no: the server issues no session, or does not accept it'
  return resumption.answer === undefined ? 'yes' : `yes; then ${describeAnswer(resumption.answer)}`
}
