import { once } from 'node:events'
import { connect } from 'node:tls'
import type { ConnectionOptions } from 'node:tls'
import { test } from 'tap'
import type { OcspStapler } from '@peerkit/revocation'
import { startWorld } from './support/world.ts'
import type { World } from './support/world.ts'

type Stapler = Pick<OcspStapler, 'handle' | 'update'> & { readonly updates: any[], answer: Buffer | null }

/** Staples whatever it is told to; `test/interop` has the real one. */
function makeStapler (fails: boolean): Stapler {
  const stapler: Stapler = {
    updates: [],
    answer: Buffer.from('first'),
    handle: (_certificate, _issuer, callback) => { callback(null, stapler.answer) },
    update: async (certificate, issuer) => {
      stapler.updates.push([certificate.serialNumber, issuer.subject?.commonName])
      if (fails) throw new Error('no responder')
    }
  }
  return stapler
}

async function look ({ port, ca, client }: World, version: 'TLSv1.2' | 'TLSv1.3'): Promise<string | undefined> {
  const socket = connect({ host: '127.0.0.1', port, ca: ca.root, cert: client.chain, key: client.key, minVersion: version, maxVersion: version, requestOCSP: true } as ConnectionOptions)
  let response: Buffer | null = null
  socket.once('OCSPResponse', (given) => { response = given })
  await once(socket, 'secureConnect')
  socket.destroy()
  return response === null ? undefined : String(response)
}

for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
  test(`${version}: an answer about our certificate is stapled, and asked for anew when it rotates`, async (t) => {
    for (const http2 of [false, true]) {
      for (const fails of [false, true]) {
        const stapler = makeStapler(fails)
        const world = await startWorld(t, { settings: { http2, ocspStapler: stapler } as any })
        t.equal(await look(world, version), 'first')
        stapler.answer = Buffer.from('second')
        const intermediate = await world.ca.intermediate({ name: 'Intermediate' })
        const renewed = await intermediate.issue({ ip: '127.0.0.1' })
        world.credentials.update({ cert: renewed.chain, key: renewed.key })
        t.strictSame(stapler.updates, [[renewed.serialNumber, 'Intermediate']])
        t.equal(await look(world, version), 'second')
        stapler.answer = null
        t.equal(await look(world, version), undefined, 'without an answer there is a handshake all the same')
        world.credentials.update({ crl: (await world.ca.crl()).pem })
        t.equal(stapler.updates.length, 1, 'a change of trust is none of our certificate')
      }
    }
  })
}
