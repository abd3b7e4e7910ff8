import { createServer } from 'node:https'
import { test } from 'tap'
import { folder } from './support/folder.ts'
import { peerkit } from './support/peerkit.ts'
import { issueOnCurves } from './support/curves.ts'
import { listen } from './support/servers.ts'

// Node's own tls.connect looks at the server's certificate in a way that ends the process on Node 24 (SIGSEGV).
for (const curves of [{ ca: 'secp256k1' }, { ca: 'brainpoolP256r1' }, { leaf: 'brainpoolP256r1' }]) {
  const [[who, curve]] = Object.entries(curves) as [[string, string]]
  test(`probe, inspect and expiry live on after a server whose ${who} has a key on ${curve}`, async (t) => {
    const { cert, key, ca } = issueOnCurves(curves)
    const at = await listen(t, createServer({ cert, key }, (_request, response) => { response.end('ok') }))
    const file = folder(t, { 'ca.pem': ca })
    const probed = await peerkit('probe', at, '--ca', file('ca.pem'))
    t.match(probed.out, /trusted +(yes, by --ca|unknown: )/)
    for (const { code, err } of [probed, await peerkit('inspect', at), await peerkit('expiry', at)]) {
      t.same([typeof code, err], ['number', ''])
    }
  })
}
