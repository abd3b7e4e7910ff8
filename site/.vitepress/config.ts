import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitepress'
import { anchorOf } from '../src/links.ts'
import { NO_PAGES, pageOf, versionOf } from '../src/pages.ts'
import { rewriteLinks } from '../src/rewrite-links.ts'
import { makeSidebar, withoutPlace } from '../src/sidebar.ts'

const lost = withoutPlace()
if (lost.length > 0) throw new Error(`site/src/sidebar.ts has no place in the menu for ${lost.join(', ')}`)

export default defineConfig({
  title: 'Peerkit',
  description: 'Mutual TLS and certificate-based authorization for Fastify and undici',
  lang: 'en',
  srcDir: '..',
  srcExclude: [...NO_PAGES],
  rewrites (file) {
    const page = pageOf(file)
    if (page === undefined) throw new Error(`${file} is no page of the site: see site/src/pages.ts`)
    return page
  },
  outDir: fileURLToPath(new URL('../dist', import.meta.url)),
  cacheDir: fileURLToPath(new URL('../.cache', import.meta.url)),
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
        text: `v${versionOf('fastify-mtls')}`,
        items: [
          { text: 'Roadmap', link: '/roadmap' },
          { text: 'How releases are made', link: '/releasing' }
        ]
      }
    ],
    sidebar: makeSidebar(),
    outline: [2, 3],
    search: { provider: 'local' },
    socialLinks: [{ icon: 'github', link: 'https://github.com/peerkit/peerkit' }],
    externalLinkIcon: true
  }
})
