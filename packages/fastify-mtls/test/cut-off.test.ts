import { test } from 'tap'
import { CutOffScene } from './support/cut-off.ts'

test('a CRL renamed into place refuses who keeps calling: on open connections, on HTTP/2 sessions and by tickets', async (t) => {
  const scene = await CutOffScene.open()
  t.after(async () => { await scene.close() })
  for (const turn of ['first', 'second']) {
    const { served, outcome } = await scene.revoke()
    t.strictSame(outcome, { 'open HTTP/1.1 connection': 401, 'open HTTP/2 session': 401, 'resumed session, HTTP/1.1': undefined, 'resumed session, HTTP/2': undefined }, turn)
    t.ok(Object.values(served).every((count) => count > 0), 'each was served before')
  }
})
