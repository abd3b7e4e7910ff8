import { X509Certificate } from 'node:crypto'
import { rootCertificates } from 'node:tls'
import { test } from 'tap'
import { decodePem, parsePeerIdentity } from '@peerkit/identity'

test('reads every root that Node ships as Node does', async (t) => {
  for (const pem of rootCertificates) {
    const node = new X509Certificate(pem)
    const peer = parsePeerIdentity(decodePem(pem)[0] as Uint8Array)
    t.equal(peer.fingerprint256, node.fingerprint256.replaceAll(':', '').toLowerCase())
    t.equal(peer.isCa, node.ca)
    t.equal(peer.notAfter, Date.parse(node.validTo))
  }
})
