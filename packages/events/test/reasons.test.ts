import { test } from 'tap'
import {
  explainHandshakeFailure, findTlsAlert, findVerifyCode, finerSteps, handshakeFailures, isCertificateReason,
  reasonOfStep, reasonOfVerifyCode, reasons, requestReasons, tlsAlerts, verifyCodes
} from '../src/index.ts'
import type {
  CertificateReason, CredentialsReason, ForwardedReason, HandshakeReason, OutboundReason, Reason, ReasonPlace
} from '../src/index.ts'

/** The compiler holds the types to the places: a word of another place is an error here. */
const words = <Word extends Reason>(...places: readonly ReasonPlace[]): Word[] => {
  return (Object.keys(reasons) as Reason[]).filter((reason) => {
    return reasons[reason].places.some((place) => places.includes(place))
  }) as Word[]
}

test('every reason has a place, a meaning and a remedy', (t) => {
  for (const [reason, { places, meaning, remedy }] of Object.entries(reasons)) {
    t.match(reason, /^[a-z]+(_[a-z]+)*$/)
    t.ok(places.length > 0, reason)
    for (const sentence of [meaning, remedy]) t.match(sentence, /^[A-Z].*\.$/, reason)
  }
  for (const [reason, meaning] of Object.entries(requestReasons)) t.match(meaning, /^[A-Z].*\.$/, reason)
  t.end()
})

test('the types are the places', (t) => {
  const certificate: CertificateReason[] = [
    'unknown_ca', 'expired', 'not_yet_valid', 'revoked', 'revocation_unknown', 'wrong_purpose', 'ca_as_leaf', 'weak',
    'bad_chain', 'outside_authority', 'blocked', 'unreadable'
  ]
  const handshake: HandshakeReason[] = [
    ...certificate, 'no_certificate', 'resumption_refused', 'ca_removed', 'timeout', 'protocol'
  ]
  const outbound: OutboundReason[] = [
    ...certificate, 'timeout', 'network', 'closed', 'tls', 'proxy', 'renegotiation', 'host_name', 'rules', 'alert'
  ]
  const forwarded: ForwardedReason[] = [
    ...certificate, 'timeout', 'untrusted_sender', 'duplicate_header', 'alias_header', 'other_format', 'too_large',
    'chain_too_long', 'malformed', 'not_verified', 'certificate_missing', 'authority_unknown', 'hop_count',
    'untrusted_hop'
  ]
  const credentials: CredentialsReason[] = [
    'expired', 'not_yet_valid', 'wrong_purpose', 'weak', 'bad_chain', 'unreadable', 'key_mismatch', 'passphrase',
    'no_anchor', 'crl', 'unusable'
  ]
  t.same(words<CertificateReason>('certificate'), certificate)
  t.same(words<HandshakeReason>('certificate', 'inbound'), handshake)
  t.same(words<OutboundReason>('certificate', 'outbound'), outbound)
  t.same(words<ForwardedReason>('certificate', 'forwarded'), forwarded)
  t.same(words<CredentialsReason>('credentials'), credentials)
  // @ts-expect-error a handshake has no header
  const wrong: HandshakeReason = 'hop_count'
  t.notOk(handshake.includes(wrong))
  t.end()
})

test('a word of a certificate is told from others', (t) => {
  for (const reason of words('certificate')) t.ok(isCertificateReason(reason), reason)
  for (const word of ['network', 'constructor', 'toString', '', 'no path']) t.notOk(isCertificateReason(word), word)
  t.end()
})

test('a step gives its own reason, or the one of the table', (t) => {
  t.equal(reasonOfStep('expired'), 'expired')
  for (const [step, reason] of Object.entries(finerSteps)) {
    t.equal(reasonOfStep(step as keyof typeof finerSteps), reason)
    t.ok(isCertificateReason(reason), step)
    t.notOk(isCertificateReason(step), step)
  }
  t.end()
})

test('every code of OpenSSL gives a reason of a certificate, and an unknown one gives bad_chain', (t) => {
  for (const [code, { reason, clause }] of Object.entries(verifyCodes)) {
    t.ok(isCertificateReason(reason), code)
    t.match(clause, /[^.]$/)
    t.equal(reasonOfVerifyCode(code), reason)
  }
  for (const code of ['OF_A_LATER_VERSION', 'constructor', undefined]) {
    t.equal(findVerifyCode(code), undefined)
    t.equal(reasonOfVerifyCode(code), 'bad_chain')
  }
  t.end()
})

test('an alert is found by its number or by the code, which differs by version of OpenSSL', (t) => {
  const error = (message: string, code?: string): NodeJS.ErrnoException => Object.assign(new Error(message), { code })
  t.match(findTlsAlert(error('ssl3_read_bytes:tlsv1 alert unknown ca:SSL alert number 48')), { name: 'unknown_ca' })
  for (const version of ['SSLV3', 'SSL/TLS']) {
    t.match(findTlsAlert(error('x', `ERR_SSL_${version}_ALERT_BAD_CERTIFICATE`)), { number: 42 })
  }
  t.match(findTlsAlert(error('x', 'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED')), { number: 116, isAboutCertificate: true })
  t.match(findTlsAlert(error('SSL alert number 80')), { name: 'internal_error', isAboutCertificate: false })
  for (const other of [error('SSL alert number 250'), error('x', 'ECONNRESET'), error('x')]) {
    t.equal(findTlsAlert(other), undefined)
  }
  t.same(tlsAlerts.map(({ number }) => number), tlsAlerts.map(({ number }) => number).sort((a, b) => a - b))
  t.end()
})

test('an alert of a client about the certificate of this server is explained', (t) => {
  const hint = explainHandshakeFailure('protocol', 'ERR_SSL_SSL/TLS_ALERT_CERTIFICATE_EXPIRED')
  t.match(hint.meaning, /this server's certificate has expired/)
  t.match(explainHandshakeFailure('protocol', 'ERR_SSL_TLSV1_ALERT_UNKNOWN_CA').meaning, /does not know the CA/)
  const codes = handshakeFailures.flatMap((row) => row.codes.map((code) => `${row.reason} ${code}`))
  t.equal(new Set(codes).size, codes.length, 'no code has two rows')
  t.end()
})
