import { test } from 'tap'
import { claimsOf, createPartialIdentity, limitPeerIdentity, parsePeerIdentity, relinkPeerIdentity } from '../src/index.ts'
import { certificate, extension } from './fixtures/certificate.ts'
import { hex, integer, text } from './fixtures/der.ts'

const der = certificate({
  serialNumber: integer(0xff),
  extensions: [extension('1.2.3', text(0x0c, 'blue'), true), extension('1.2.4', Buffer.from('raw text')), extension('1.2.5', hex(''))]
})
const peer = parsePeerIdentity(der, { tolerate: ['serial-number'] })

test('finds an extension by its OID, also in a certificate with tolerated flaws', async (t) => {
  t.same(peer.extension('1.2.3'), { critical: true, value: { type: 'text', value: 'blue' }, hex: '0c04626c7565' })
  t.same(peer.extension('1.2.4'), { critical: false, value: undefined, hex: Buffer.from('raw text').toString('hex') })
  t.same(peer.extension('1.2.5'), { critical: false, value: undefined, hex: '' })
  t.equal(peer.extension('1.2.6'), null, 'known to be absent')
  t.equal(peer.extension('1.2.3'), peer.extension('1.2.3'))
  t.ok(Object.isFrozen(peer.extension('1.2.3')))
  t.equal(createPartialIdentity({ subject: 'CN=a' }).extension('1.2.3'), undefined, 'unknown')
})

test('an authority vouches for all extensions, for some, or for none', async (t) => {
  t.equal(peer.believedExtensions, undefined)
  const all = limitPeerIdentity(peer, 'p', ['dns'])
  t.match(all.extension('1.2.3'), { critical: true })
  const none = limitPeerIdentity(peer, 'p', ['extension'])
  t.equal(none.extension('1.2.3'), undefined)
  t.equal(none.extension('1.2.6'), undefined)
  for (const notBelieved of [[], ['dns']] as const) {
    const some = limitPeerIdentity(peer, 'p', notBelieved, ['1.2.3', '1.2.6'])
    for (const one of [some, relinkPeerIdentity(some, { via: [] })]) {
      t.same(one.believedExtensions, ['1.2.3', '1.2.6'])
      t.match(one.extension('1.2.3'), { critical: true })
      t.equal(one.extension('1.2.4'), undefined)
      t.equal(one.extension('1.2.6'), null)
      t.match(claimsOf(one).extension('1.2.4'), { critical: false })
      t.match(limitPeerIdentity(one, 'q', []).extension('1.2.4'), { critical: false })
    }
  }
})
