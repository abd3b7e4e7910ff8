import { test } from 'tap'
import { rotateUnderLoad } from './support/rotation/rotate-under-load.ts'

test('rotations of leaf, intermediate and CA by a careless writer drop no request, and serve nobody of a CA that was removed', async (t) => {
  const rotations = 18
  const report = await rotateUnderLoad({ rotations, size: { http1: 10, sessions: 2, streams: 5 } })
  t.strictSame(report.failures, [])
  t.equal(report.servedOnRemoved, 0)
  t.strictSame(report.stayedBehind, Array.from({ length: rotations / 6 }, () => ['HTTP/1.1', 'HTTP/2']).flat().map((protocol) => `${protocol}: open 401, then closed; ticket closed; new closed`))
  t.ok(report.answered > rotations * 20, String(report.answered))
  t.ok(report.handshakes.resumed > 0, 'sessions were resumed under way')
  t.ok(report.refused > 0, 'spoilt files were refused aloud')
})
