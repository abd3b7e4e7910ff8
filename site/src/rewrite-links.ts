import { relative, sep } from 'node:path'
import type { MarkdownRenderer } from 'vitepress'
import { linkOnSite } from './links.ts'
import { root } from './pages.ts'

/** The file that is rendered. In a build, `path` is that of the page. The search has no `realPath`. */
interface Environment {
  readonly path?: string
  readonly realPath?: string
}

/** Makes links between files of the repository into links between pages, before VitePress looks for dead ones. */
export function rewriteLinks (markdown: MarkdownRenderer): void {
  markdown.core.ruler.push('links-on-site', ({ tokens, env }) => {
    const { realPath, path = realPath } = env as Environment
    if (path === undefined) return
    const file = relative(root, realPath ?? path).split(sep).join('/')
    for (const token of tokens.flatMap(({ children }) => children ?? [])) {
      const target = token.type === 'link_open' ? token.attrGet('href') : null
      if (target !== null) token.attrSet('href', linkOnSite(file, target))
    }
  })
}
