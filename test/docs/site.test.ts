// What the build of the documentation site relies on. `.ci/steps/docs` builds the site itself.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'tap'
import { findDeadLinks } from '../../site/src/built-site.ts'
import { anchorOf, linkOnSite } from '../../site/src/links.ts'
import { pageOf } from '../../site/src/pages.ts'
import { withoutPlace } from '../../site/src/sidebar.ts'
import { packageFolders, root } from '../architecture/source-graph.ts'

const GITHUB = 'https://github.com/peerkit/peerkit'

test('every document has a place in the menu of the site', async (t) => {
  t.same(withoutPlace(), [], 'add them to site/src/sidebar.ts')
})

test('each file has the address that its folder says', async (t) => {
  t.equal(pageOf('README.md'), 'index.md')
  t.equal(pageOf('docs/README.md'), 'documents.md')
  t.equal(pageOf('docs/issuers/README.md'), 'issuers/index.md')
  t.equal(pageOf('docs/start/mutual-tls.md'), 'start/mutual-tls.md')
  t.equal(pageOf('site/api/@peerkit/identity/der.md'), 'api/identity/der.md')
  t.equal(pageOf('test/README.md'), undefined)
  for (const folder of packageFolders()) t.equal(pageOf(`packages/${folder}/README.md`), `packages/${folder}.md`)
})

test('a link between files becomes a link between pages, or leads to GitHub', async (t) => {
  t.equal(linkOnSite('docs/faq.md', 'errors.md#peerkitrules'), '/errors.md#peerkitrules')
  t.equal(linkOnSite('docs/issuers/acme.md', '../../packages/issuers/README.md'), '/packages/issuers.md')
  t.equal(linkOnSite('README.md', 'packages/rules'), '/packages/rules.md')
  t.equal(linkOnSite('packages/rules/README.md', `${GITHUB}/blob/main/docs/errors.md`), '/errors.md')
  t.equal(linkOnSite('docs/gateways/README.md', 'nginx.conf'), `${GITHUB}/blob/main/docs/gateways/nginx.conf`)
  t.equal(linkOnSite('docs/threat-model.md', '../packages/trust/test'), `${GITHUB}/tree/main/packages/trust/test`)
  t.equal(linkOnSite('docs/faq.md', '#operation'), '#operation')
  t.equal(linkOnSite('docs/faq.md', 'https://example.org/a.md'), 'https://example.org/a.md')
})

test('a link to a file that is not there stops the build, and names the file, the link and the path', async (t) => {
  t.throws(() => linkOnSite('docs/faq.md', '../no-such.md'), { message: 'docs/faq.md links to ../no-such.md, but the repository has no no-such.md' })
  t.throws(() => linkOnSite('docs/faq.md', `${GITHUB}/blob/main/no/such.ts#L1`), /no\/such\.ts/)
})

test('headings have the anchors of GitHub', async (t) => {
  t.equal(anchorOf('`withMtls(credentials, options)`'), 'withmtlscredentials-options')
  t.equal(anchorOf('9. Calls to a partner'), '9-calls-to-a-partner')
})

test('a dead link, a dead anchor and a missing picture of the built site are found', async (t) => {
  const folder = t.testdir({
    'index.html': '<h1 id="top"></h1><a href="/a/b.html">1</a><a class="x" href="/a/">2</a><a href="#top">3</a><a href="https://x.example/">4</a>',
    'logo.svg': '',
    a: {
      'index.html': '<a href="/index.html#top">1</a><img alt="" src="../logo.svg"><a href="/no-such.html">2</a>',
      'b.html': '<h2 id="it&#39;s"></h2><a href="#it&#39;s">1</a><a href="/index.html#gone">2</a><img src="/gone.svg">'
    }
  })
  t.same(findDeadLinks(folder), ['a/b.html links to /index.html#gone', 'a/b.html links to /gone.svg', 'a/index.html links to /no-such.html'])
})

test('the pictures are in the repository, and follow the colours of the page', async (t) => {
  for (const name of ['handshake', 'rotation', 'gateway']) {
    const text = readFileSync(join(root, `docs/pictures/${name}.svg`), 'utf8')
    t.match(text, /prefers-color-scheme: dark/)
    t.match(text, /<title id="t">[^<]+<\/title>\s+<desc id="d">[^<]+<\/desc>/)
  }
})
