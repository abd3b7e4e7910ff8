import { test } from 'tap'
import { html } from '../../src/page/html.ts'
import { showDistinguishedName, showName, showPeer, showSentence } from '../../src/page/names.ts'
import { plainText } from '../support/plain-text.ts'

test('a distinguished name is shown without escapes, and its parts by markup', async (t) => {
  const name = showDistinguishedName('CN=Partner \\<Ltd\\>,O=a\\, b,OU=x+L=y')
  t.equal(String(name).replaceAll(/\s+/g, ' '), '<span class="dn"><span class="rdn"><span class="kind">CN=</span>Partner &lt;Ltd&gt;</span>, <span class="rdn"><span class="kind">O=</span>a, b</span>, <span class="rdn"><span class="kind">OU=</span>x + <span class="kind">L=</span>y</span></span>')
  const forged = String(showDistinguishedName('CN=a\\, O=Bank'))
  t.match(forged, '<span class="kind">CN=</span>a, O=Bank</span>', 'what is in a value is no part')
  for (const text of ['', 'web', 'CN=cut off\\', 'X=1,2']) t.equal(String(showDistinguishedName(text)), text, text)
})

test('a peer is shown without its fingerprint, and a URI with places to break it', async (t) => {
  t.equal(plainText(String(showPeer('CN=a\\,b (sha256:0123456789abcdef)'))), 'CN=a,b')
  t.equal(plainText(String(showPeer('CN=a (sha256:0123456789abcdef) via CN=g'))), 'CN=a via CN=g')
  t.equal(String(showPeer('spiffe://a/b (sha256:0123456789abcdef)')), 'spiffe:<wbr>/<wbr>/<wbr>a/<wbr>b')
  t.equal(plainText(String(showName('CN=https://a\\,b'))), 'CN=https://a,b')
})

test('a sentence shows the names that are known to be in it', async (t) => {
  const sentence = 'CN=a\\,b has no path: its issuer CN=a\\,b\\,c was not sent, see <x>'
  t.equal(plainText(String(showSentence(sentence, ['CN=a\\,b', 'CN=a\\,b\\,c', undefined, 'x']))), 'CN=a,b has no path: its issuer CN=a,b,c was not sent, see &lt;x&gt;')
  t.equal(String(showSentence('nothing', [])), 'nothing')
  t.equal(String(html`${showSentence('CN=x', ['CN=x', 'CN=x'])}`).match(/rdn/g)?.length, 1)
})
