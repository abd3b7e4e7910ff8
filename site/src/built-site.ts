import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

/** Links and pictures of the built pages that lead to no file or no heading. VitePress looks for no headings. */
export function findDeadLinks (folder: string): string[] {
  const pages = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.html'))
  const texts = new Map(pages.map((page) => [page, readFileSync(join(folder, page), 'utf8')]))
  const anchors = new Map([...texts].map(([page, text]) => [page, anchorsOf(text)]))
  return [...texts].flatMap(([page, text]) => {
    return [...new Set(targetsOf(text))].filter((target) => {
      const { pathname, hash } = new URL(target, `http://site/${page}`)
      const file = decodeURI(pathname.endsWith('/') ? `${pathname}index.html` : pathname).slice(1)
      if (hash === '') return !existsSync(join(folder, file))
      return anchors.get(file)?.has(decodeURIComponent(hash.slice(1))) !== true
    }).map((target) => `${page} links to ${target}`)
  })
}

function anchorsOf (text: string): Set<string> {
  return new Set([...text.matchAll(/\sid="([^"]+)"/g)].map(([, id = '']) => decode(id)))
}

/** Addresses within the site. */
function targetsOf (text: string): string[] {
  const found = [...text.matchAll(/<(?:a|img|link)\s[^>]*?(?:href|src)="([^"]+)"/g)]
  return found.map(([, target = '']) => decode(target)).filter((target) => !/^[a-z]+:|^\/\//.test(target))
}

function decode (attribute: string): string {
  return attribute.replaceAll('&amp;', '&').replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&#39;', "'")
}
