// What the build of the documentation site relies on. `.ci/steps/docs` builds the site itself.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'tap'
import { findDeadLinks } from '../../site/src/built-site.ts'
import { anchorOf, linkOnSite } from '../../site/src/links.ts'
import { pageOf } from '../../site/src/pages.ts'
import { withoutPlace } from '../../site/src/sidebar.ts'
import { describeVersion, documentsOf, readSiteVersion, siteVersion } from '../../site/src/versions.ts'
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

test('each page says for which version it is, and where the documents of released ones are', async (t) => {
  const tags = ['v0.9.0', 'v0.10.0', 'v0.2.1', 'v1.0.0-rc.1', 'vendor']
  const released = ['0.10.0', '0.9.0', '0.2.1']
  t.same(readSiteVersion('0.10.0', tags, ['v0.10.0']), { version: '0.10.0', state: 'release', released })
  t.same(readSiteVersion('0.10.0', tags, []), { version: '0.10.0', state: 'after-release', released })
  t.same(readSiteVersion('0.11.0', tags, []), { version: '0.11.0', state: 'before-release', released })
  const say = (state: 'release' | 'after-release' | 'before-release') => describeVersion({ version: '1.2.3', state, released: [] })
  t.same(say('release'), { name: 'v1.2.3', sentence: 'This page is for version 1.2.3.' })
  t.match(say('after-release'), { name: 'v1.2.3+', sentence: /with changes that are not released yet/ })
  t.match(say('before-release'), { name: 'v1.2.3', sentence: /which is not released yet/ })
  t.equal(documentsOf('1.2.3'), `${GITHUB}/tree/v1.2.3/docs`)
  t.equal(siteVersion().version, JSON.parse(readFileSync(join(root, 'packages/fastify-mtls/package.json'), 'utf8')).version)
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
