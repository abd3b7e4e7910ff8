import { endOfValidity } from '@peerkit/identity'
import type { ProbeAnswer } from './probe-request.ts'
import type { OwnFound, Probed, ProbeRun, VersionFound } from './probe-server.ts'
import { describeMatch } from './ca-match.ts'
import { describeAsking, describeChainRows } from './inspect.ts'
import { shown, shownRows } from './shown.ts'
import { describePeriod } from './time-left.ts'

/** The result of a probe, as text. */
export function describeProbe (
  { target, server, versions, withoutCertificate, own, resumption }: Probed,
  trust: string
): string {
  const { identity, address, trusted, distrust, ca, chain, asksForCertificate: asks, acceptedCas } = server
  if (address === undefined) return `${shown(target)}\n${shownRows([['not reached', withoutCertificate.failure]])}`
  return `${shown(target)}\n` + shownRows([
    ['address', address],
    ['server', describeServer(identity)],
    ['trusted', trusted === undefined
      ? 'unknown: the handshake failed'
      : trusted ? `yes, by ${trust}` : `no, by ${trust}: ${distrust}`],
    ['its CA', describeMatch(ca, trust, trusted)],
    ...describeChainRows(chain),
    ...versions.map((found) => [found.version.replace('v', ' '), describeVersion(found)] as const),
    ['client certificate', describeAsking(asks)],
    ['accepted CAs', asks === true
      ? (acceptedCas.length === 0 ? 'the server names none, so any may work' : acceptedCas)
      : undefined],
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
