import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { connect, createServer } from 'node:tls'
import type { DetailedPeerCertificate, TLSSocket } from 'node:tls'
import { test } from 'tap'
import { createDevCa } from '@peerkit/dev-ca'
import { parsePeerIdentity } from '@peerkit/identity'
import { findIssuer, memoryCredentials, readVerifiedChain, secureContextOptions } from '../src/index.ts'
import type { CredentialSnapshot } from '../src/index.ts'

const ca = await createDevCa()
const intermediate = await ca.intermediate()
const server = await ca.issue({ cn: 'server', dns: 'localhost' })

/** What a server sees of a client after a full handshake. */
async function handshake (own: CredentialSnapshot, client: { cert: string, key: string }): Promise<DetailedPeerCertificate> {
  const listening = createServer({ ...secureContextOptions(own), requestCert: true, rejectUnauthorized: false })
  listening.listen(0, '127.0.0.1')
  await once(listening, 'listening')
  const accepted = once(listening, 'secureConnection') as Promise<[TLSSocket]>
  const socket = connect({ ...client, port: (listening.address() as AddressInfo).port, host: '127.0.0.1', ca: ca.root, servername: 'localhost' })
  const [peer] = await accepted
  const certificate = peer.getPeerCertificate(true)
  socket.destroy()
  peer.destroy()
  listening.close()
  await once(listening, 'close')
  return certificate
}

test('finds the chain from a leaf to its anchor', async (t) => {
  const { current } = memoryCredentials({ cert: server.chain, key: server.key, ca: ca.root })
  const direct = await ca.issue({ cn: 'direct' })
  t.same(readVerifiedChain(await handshake(current, { cert: direct.chain, key: direct.key }), current.anchors), [current.anchors[0]])
  const below = await intermediate.issue({ cn: 'below' })
  const known = [parsePeerIdentity(intermediate.der)]
  const chain = readVerifiedChain(await handshake(current, { cert: below.chain, key: below.key }), current.anchors, known)
  t.same(chain?.map(({ fingerprint256 }) => fingerprint256), [known[0]?.fingerprint256, current.anchors[0]?.fingerprint256])
})

test('finds none for a leaf of a CA that is no anchor', async (t) => {
  const { current } = memoryCredentials({ cert: server.chain, key: server.key, ca: ca.root })
  const stranger = await (await createDevCa()).issue({ cn: 'stranger' })
  t.equal(readVerifiedChain(await handshake(current, { cert: stranger.chain, key: stranger.key }), current.anchors), undefined)
})

test('the issuer of a certificate is who signed it, not who has the name', async (t) => {
  const impostor = await createDevCa()
  const leaf = parsePeerIdentity(server.der)
  t.equal(findIssuer(leaf, [parsePeerIdentity(impostor.der)]), undefined)
  const root = parsePeerIdentity(ca.der)
  t.equal(findIssuer(leaf, [parsePeerIdentity(impostor.der), root]), root)
})
