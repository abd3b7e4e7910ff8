import { mock } from 'node:test'
import { test } from 'tap'
import { createDevCa } from '@peerkit/dev-ca'
import { parsePeerIdentity } from '@peerkit/identity'
import type { ConnectionEndedMessage, HandshakeRefusedMessage } from '@peerkit/events'
import { RateLimit } from '../src/handshake/rate-limit.ts'
import { RefusalLog } from '../src/log/refusal-log.ts'

interface Line {
  readonly level: 'info' | 'warn'
  readonly fields: any
  readonly message: string
}

/** A log, and a clock that stands still until it is moved. */
function startLog (t: { after(task: () => unknown): void }): {
  log: RefusalLog
  lines: Line[]
  pass: (milliseconds: number) => void
} {
  mock.timers.enable({ apis: ['setTimeout'] })
  let time = 5_000
  const clock = mock.method(performance, 'now', () => time)
  t.after(() => {
    clock.mock.restore()
    mock.timers.reset()
  })
  const lines: Line[] = []
  const log = new RefusalLog({
    info: (fields, message) => {
      lines.push({ level: 'info', fields, message })
    },
    warn: (fields, message) => {
      lines.push({ level: 'warn', fields, message })
    }
  })
  return {
    log,
    lines,
    pass: (milliseconds) => {
      time += milliseconds
      mock.timers.tick(milliseconds)
    }
  }
}

const refused = (more: Partial<HandshakeRefusedMessage> = {}): HandshakeRefusedMessage => ({
  v: 1,
  time: 1,
  reason: 'unknown_ca',
  code: undefined,
  detail: undefined,
  peer: undefined,
  fingerprint256: undefined,
  remoteAddress: '192.0.2.1',
  remotePort: 1234,
  alpnProtocol: 'h2',
  protocol: 'TLSv1.3',
  resumed: false,
  ...more
})
const ended: ConnectionEndedMessage = {
  v: 1,
  time: 1,
  reason: 'revoked',
  detail: undefined,
  peer: null,
  remoteAddress: '192.0.2.1'
}

/** A refusal as the reporter tells it. */
function tell (log: RefusalLog, message: HandshakeRefusedMessage = refused()): void {
  log.refused(message.reason, () => message)
}

test('writes twenty lines of a kind a second, then one with the number that was left out', async (t) => {
  const { log, lines, pass } = startLog(t)
  let made = 0
  const build = (): HandshakeRefusedMessage => {
    made += 1
    return refused()
  }
  for (let count = 0; count < 25; count += 1) log.refused('unknown_ca', build)
  t.equal(lines.length, 20)
  t.equal(made, 20, 'no message is made for a line that is not written')
  pass(999)
  t.equal(lines.length, 20)
  pass(1)
  t.strictSame(lines.slice(20), [
    {
      level: 'warn',
      fields: { leftOut: { failed: 0, strangers: 5, unexplained: 0, refused: 0, ended: 0 } },
      message: 'further mTLS refusals were not logged'
    }
  ])
  pass(10_000)
  t.equal(lines.length, 21, 'and none where nothing was left out')
})

test('port scans and strangers hide no refused client, and those no connection that ends', async (t) => {
  const { log, lines, pass } = startLog(t)
  for (let count = 0; count < 100; count += 1) tell(log, refused({ reason: 'protocol' }))
  for (let count = 0; count < 50; count += 1) tell(log)
  for (let count = 0; count < 40; count += 1) tell(log, refused({ reason: 'revoked' }))
  for (let count = 0; count < 21; count += 1) log.ended(ended)
  const counted = Object.groupBy(lines, ({ fields: { reason }, message }) => `${message}: ${reason}`)
  t.strictSame(
    Object.entries(counted).map(([message, { length } = []]) => [message, length]),
    [
      ['mTLS handshake failed: protocol', 20],
      ['mTLS handshake refused: unknown_ca', 20],
      ['mTLS handshake refused: revoked', 20],
      ['mTLS connection no longer accepted: revoked', 20]
    ]
  )
  pass(1_000)
  t.strictSame(
    lines.at(-1)?.fields,
    { leftOut: { failed: 80, strangers: 30, unexplained: 0, refused: 20, ended: 1 } },
    'in one line'
  )
  t.equal(lines.length, 81)
})

const step = (name: string): HandshakeRefusedMessage['detail'] => ({
  step: name,
  message: 'what is wrong',
  certificate: undefined
})

test('each kind of refusal has lines of its own', async (t) => {
  const code = 'CERT_HAS_EXPIRED'
  for (const [kind, message] of [
    ['failed', { reason: 'protocol' }],
    ['failed', { reason: 'timeout', code: 'ERR_TLS_HANDSHAKE_TIMEOUT' }],
    ['strangers', { reason: 'no_certificate' }],
    ['strangers', { reason: 'unknown_ca', code, detail: step('unknown_ca') }],
    ['strangers', { reason: 'unreadable' }],
    ['strangers', { reason: 'resumption_refused' }],
    ['unexplained', { reason: 'expired', code, detail: step(code) }],
    ['unexplained', { reason: 'wrong_purpose', code: 'INVALID_PURPOSE', detail: step('INVALID_PURPOSE') }],
    ['unexplained', { reason: 'expired', code, detail: step('budget_exceeded') }],
    ['refused', { reason: 'bad_chain', detail: step('path_length') }],
    ['refused', { reason: 'expired', code, detail: step('expired') }],
    ['refused', { reason: 'wrong_purpose', detail: step('wrong_purpose') }],
    ['refused', { reason: 'revoked', detail: step('revoked') }],
    ['refused', { reason: 'timeout', detail: step('timeout') }],
    ['refused', { reason: 'ca_removed' }]
  ] as const) {
    await t.test(`${kind}: ${message.reason}`, async (t) => {
      const { log, lines, pass } = startLog(t)
      for (let count = 0; count < 21; count += 1) tell(log, refused(message))
      t.equal(lines.length, 20)
      pass(1_000)
      const none = { failed: 0, strangers: 0, unexplained: 0, refused: 0, ended: 0 }
      t.strictSame(lines.at(-1)?.fields, { leftOut: { ...none, [kind]: 1 } })
    })
  }
})

test('any number of strangers whose certificate has ended hides no refused client', async (t) => {
  const { log, lines } = startLog(t)
  const code = 'CERT_HAS_EXPIRED'
  for (let count = 0; count < 500; count += 1) tell(log, refused({ reason: 'expired', code, detail: step(code) }))
  t.equal(lines.length, 20)
  tell(log, refused({ reason: 'expired', code, detail: step('expired') }))
  t.strictSame([lines.length, lines.at(-1)?.fields.step], [21, 'expired'])
})

test('counts each second by itself, and what is left out by itself each time', async (t) => {
  const { log, lines, pass } = startLog(t)
  for (const leftOut of [3, 7]) {
    lines.length = 0
    for (let count = 0; count < 20 + leftOut; count += 1) tell(log)
    t.equal(lines.length, 20)
    pass(1_000)
    t.strictSame(lines[20]?.fields, { leftOut: { failed: 0, strangers: leftOut, unexplained: 0, refused: 0, ended: 0 } })
    t.equal(lines.length, 21)
  }
})

test('a line says what is wrong, with which certificate, and what to do about it', async (t) => {
  const { log, lines } = startLog(t)
  const certificate = { subject: 'CN=Issuing', serialNumber: '0a', fingerprint256: 'ab'.repeat(32) }
  const detail = {
    step: 'revocation_unknown',
    message: 'CN=Issuing may be revoked: no list',
    certificate,
    why: 'no_crl'
  }
  const peer = parsePeerIdentity((await (await createDevCa()).issue({ cn: 'client' })).der)
  const { fingerprint256 } = peer
  tell(log, refused({ reason: 'revocation_unknown', detail, peer, fingerprint256 }))
  t.match(lines[0], {
    level: 'warn',
    fields: {
      reason: 'revocation_unknown',
      detail: 'CN=Issuing may be revoked: no list',
      step: 'revocation_unknown',
      why: 'no_crl',
      certificate,
      hint: /\w/,
      peer: /^CN=client /,
      fingerprint256,
      remoteAddress: '192.0.2.1',
      remotePort: 1234,
      alpnProtocol: 'h2',
      protocol: 'TLSv1.3',
      resumed: false
    },
    message: 'mTLS handshake refused'
  })
  tell(log, refused({ detail, fingerprint256: 'cd'.repeat(32) }))
  t.match(
    lines[1]?.fields,
    { peer: undefined, fingerprint256: 'cd'.repeat(32), certificate },
    'that of the client, beside the certificate at fault'
  )
  log.ended({ ...ended, peer, detail })
  t.match(lines[2]?.fields, {
    reason: 'revoked',
    detail: detail.message,
    step: detail.step,
    why: 'no_crl',
    certificate,
    peer: /^CN=client /,
    fingerprint256: peer.fingerprint256,
    remoteAddress: '192.0.2.1'
  })
  log.ended(ended)
  t.match(lines[3]?.fields, { reason: 'revoked', peer: undefined, step: undefined })
})

test('a handshake that somebody else broke off is no warning', async (t) => {
  const { log, lines } = startLog(t)
  tell(log, refused({ reason: 'protocol', code: 'ECONNRESET' }))
  t.match(lines, [
    { level: 'info', fields: { reason: 'protocol', code: 'ECONNRESET' }, message: 'mTLS handshake failed' }
  ])
})

test('a rate limit allows so many things in each second of the clock, and keeps nothing for later', async (t) => {
  let time = 999
  const clock = mock.method(performance, 'now', () => time)
  t.after(() => {
    clock.mock.restore()
  })
  const limit = new RateLimit(2)
  t.strictSame([limit.take(), limit.take(), limit.take()], [true, true, false])
  time = 1_000
  t.strictSame([limit.take(), limit.take(), limit.take()], [true, true, false])
  time = 9_000
  t.strictSame([limit.take(), limit.take(), limit.take()], [true, true, false])
})
