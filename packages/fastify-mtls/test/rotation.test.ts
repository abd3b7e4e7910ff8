import { test } from 'tap'
import { rotateUnderLoad } from './support/rotation/rotate-under-load.ts'

test('rotations of leaf, intermediate, CRL and CA by a careless writer drop no request, and serve nobody who was revoked or whose CA was removed', async (t) => {
  const rotations = 18
  const report = await rotateUnderLoad({ rotations, size: { http1: 10, sessions: 2, streams: 5 } })
  t.strictSame(report.failures, [])
  t.equal(report.servedOnRemoved, 0)
  const shutOut = ['revoked', 'removed CA'].flatMap((what) => ['HTTP/1.1', 'HTTP/2'].map((protocol) => `${what}, ${protocol}: open 401, then closed; ticket closed; new closed`))
  t.strictSame(report.shutOut, Array.from({ length: rotations / 6 }, () => shutOut).flat())
  t.ok(report.answered > rotations * 20, String(report.answered))
  t.ok(report.handshakes.resumed > 0, 'sessions were resumed under way')
  t.ok(report.refused > 0, 'spoilt files were refused aloud')
})
