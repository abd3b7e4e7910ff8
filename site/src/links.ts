import { existsSync, statSync } from 'node:fs'
import { join, posix } from 'node:path'
import { pageOf, root } from './pages.ts'

const REPOSITORY = 'https://github.com/peerkit/peerkit'
const IN_REPOSITORY = new RegExp(`^${REPOSITORY}/(?:blob|tree)/main/`)

/** A link of a document that leads to nothing. */
export class DeadLinkError extends Error {
  constructor (file: string, target: string, path: string) {
    super(`${file} links to ${target}, but the repository has no ${path}`)
    this.name = 'DeadLinkError'
  }
}

/**
 * What a link of a file of the repository becomes on the site: a page if its target is one, and the file on GitHub
 * otherwise. Links to other sites and to headings of the same page stay as they are.
 */
export function linkOnSite (file: string, target: string): string {
  const inRepository = IN_REPOSITORY.test(target)
  if (!inRepository && (/^[a-z]+:/.test(target) || target.startsWith('#'))) return target
  const [address = '', hash] = target.split('#')
  const path = inRepository
    ? address.replace(IN_REPOSITORY, '')
    : posix.normalize(posix.join(posix.dirname(file), address)).replace(/\/$/, '')
  if (!existsSync(join(root, path))) throw new DeadLinkError(file, target, path)
  const isFolder = statSync(join(root, path)).isDirectory()
  const page = pageOf(isFolder ? posix.join(path, 'README.md') : path)
  const heading = hash === undefined ? '' : `#${hash}`
  if (page !== undefined && (!isFolder || existsSync(join(root, path, 'README.md')))) return `/${page}${heading}`
  return `${REPOSITORY}/${isFolder ? 'tree' : 'blob'}/main/${path}${heading}`
}

/** The anchor that GitHub gives to a heading. The documents link to these, so the site has the same. */
export function anchorOf (title: string): string {
  return title.toLowerCase().replace(/[^\p{L}\p{N}\s_-]/gu, '').trim().replaceAll(' ', '-')
}
