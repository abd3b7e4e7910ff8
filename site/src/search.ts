import type { MarkdownEnv } from 'vitepress'

/** The part of markdown-it that is used. VitePress has types of its own for the whole. */
interface Renderer {
  render (source: string, env: MarkdownEnv): string
}

/**
 * What the search reads of a page. A section of the API reference is a whole function or type: with a section for each
 * of its parameters and members, five of six results would be such.
 */
export function renderForSearch (source: string, env: MarkdownEnv, markdown: Renderer): string {
  const html = markdown.render(source, env)
  return /^(?:site\/)?api\//.test(env.relativePath) ? html.replace(/<(\/?)h[4-6]\b/g, '<$1p') : html
}

/** Who searches wants the page that explains first. This runs in the browser, and uses nothing outside of it. */
export function boostDocument (id: string): number {
  return /^\/(?:api|decisions)\//.test(id) ? 0.3 : 1
}
