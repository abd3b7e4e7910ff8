import { test } from 'tap'
import { explainHandshakeFailure, handshakeFailures, hintHandshakeFailure, reasons } from '../src/index.ts'
import type { HandshakeReason } from '../src/index.ts'

const REASONS = (Object.keys(reasons) as HandshakeReason[]).filter((reason) => {
  return reasons[reason].places.some((place) => place === 'certificate' || place === 'inbound')
})

test('every reason has a meaning and a remedy of its own, which comes last', (t) => {
  for (const reason of REASONS) {
    const rows = handshakeFailures.filter((row) => row.reason === reason)
    t.same(rows.at(-1)?.codes, [], reason)
    t.equal(rows.filter(({ codes }) => codes.length === 0).length, 1)
    t.equal(explainHandshakeFailure(reason), rows.at(-1))
  }
  for (const { meaning, remedy, reason } of handshakeFailures) t.ok(meaning.endsWith('.') && remedy.endsWith('.') && REASONS.includes(reason), meaning)
  t.end()
})

test('a code is explained by its row, another by what the reason means, and no row is hidden by one before it', (t) => {
  for (const row of handshakeFailures) for (const code of row.codes) t.equal(explainHandshakeFailure(row.reason, code.replace('*', 'SOMETHING_NEW')), row, code)
  t.match(hintHandshakeFailure('unknown_ca', 'UNABLE_TO_GET_ISSUER_CERT', 'unknown_ca'), /add it to ca\.$/)
  for (const reason of ['unknown_ca', 'ca_removed'] as const) {
    const hint = hintHandshakeFailure(reason, 'UNABLE_TO_GET_ISSUER_CERT', 'other_side')
    t.match(hint, /for servers only.*set the option for to "both"/, 'the step says more than the code')
    t.notMatch(hint, /to ca\b/)
  }
  t.match(hintHandshakeFailure('outside_authority'), /or it lacks a name of a kind that the authority requires/)
  t.match(hintHandshakeFailure('protocol', 'ERR_SSL_HTTP_REQUEST'), /plain HTTP .* https:/)
  t.match(hintHandshakeFailure('protocol', 'ERR_SSL_SOMETHING_NEW'), /OpenSSL ended/)
  t.match(hintHandshakeFailure('protocol', 'EWHATEVER'), /port scan/)
  t.equal(explainHandshakeFailure('expired', 'CERT_HAS_EXPIRED'), explainHandshakeFailure('expired'))
  t.end()
})

test('codes without end take no memory without end, and a reason of a later version is no error', (t) => {
  for (let index = 0; index < 2_000; index++) t.ok(hintHandshakeFailure('bad_chain', `CODE_${index}`).length > 0)
  t.match(hintHandshakeFailure('of_a_later_version' as HandshakeReason), /refused/)
  t.end()
})
