import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitepress'
import { aboutPackage } from '../src/about-package.ts'
import { anchorOf } from '../src/links.ts'
import { NO_PAGES, pageOf } from '../src/pages.ts'
import { rewriteLinks } from '../src/rewrite-links.ts'
import { boostDocument, renderForSearch } from '../src/search.ts'
import { makeSidebar, withoutPlace } from '../src/sidebar.ts'
import { describeVersion, documentsOf, siteVersion } from '../src/versions.ts'

const lost = withoutPlace()
if (lost.length > 0) throw new Error(`site/src/sidebar.ts has no place in the menu for ${lost.join(', ')}`)

const version = siteVersion()

/** Two rings in one another. */
const ICON = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32" fill="none" stroke="#0c7f6b" stroke-width="4">' +
  '<circle cx="12" cy="16" r="8"/><circle cx="20" cy="16" r="8"/></svg>'

export default defineConfig({
  title: 'Peerkit',
  description: 'Mutual TLS and certificate-based authorization for Fastify and undici',
  lang: 'en',
  srcDir: '..',
  srcExclude: [...NO_PAGES],
  rewrites (file) {
    const page = pageOf(file)
    if (page === undefined) throw new Error(`the site has no page for ${file}; expected one in site/src/pages.ts`)
    return page
  },
  outDir: fileURLToPath(new URL('../dist', import.meta.url)),
  cacheDir: fileURLToPath(new URL('../.cache', import.meta.url)),
  head: [['link', { rel: 'icon', href: `data:image/svg+xml,${encodeURIComponent(ICON)}` }]],
  transformPageData ({ relativePath, frontmatter }) {
    const about = aboutPackage(relativePath)
    const { sentence } = describeVersion(version)
    return { frontmatter: { ...frontmatter, sentence, ...(about !== undefined && { about }) } }
  },
  // The index of the search is loaded when somebody searches.
  vite: { build: { chunkSizeWarningLimit: 4_000 } },
  ignoreDeadLinks: false,
  lastUpdated: false,
  markdown: {
    anchor: { slugify: anchorOf },
    config: rewriteLinks,
    // Shiki does not know these. Their directives and comments look like those of nginx.
    languageAlias: { caddyfile: 'nginx', haproxy: 'nginx' }
  },
  themeConfig: {
    nav: [
      { text: 'Ten minutes', link: '/start/ten-minutes' },
      { text: 'Trouble', link: '/trouble' },
      { text: 'API', link: '/api/' },
      {
        text: describeVersion(version).name,
        items: [
          { text: 'Other versions', link: '/versions' },
          ...version.released.map((one) => ({ text: `Documents of v${one}`, link: documentsOf(one) })),
          { text: 'Roadmap', link: '/roadmap' },
          { text: 'How releases are made', link: '/releasing' }
        ]
      }
    ],
    sidebar: makeSidebar(),
    outline: [2, 3],
    search: {
      provider: 'local',
      options: {
        _render: renderForSearch,
        miniSearch: { searchOptions: { boostDocument } }
      }
    },
    socialLinks: [{ icon: 'github', link: 'https://github.com/peerkit/peerkit' }],
    externalLinkIcon: true
  }
})
