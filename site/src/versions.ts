import { spawnSync } from 'node:child_process'
import { root, versionOf } from './pages.ts'

/** What the site says of the version that its pages are for. */
export interface SiteVersion {
  /** Of all packages: `0.1.0`. */
  readonly version: string
  /** Which state of the repository the pages were built from. */
  readonly state: 'release' | 'after-release' | 'before-release'
  /** All released versions, the latest first. */
  readonly released: readonly string[]
}

/**
 * Reads the version from the packages, and the releases from the tags of git.
 *
 * @param tags the tags of the repository
 * @param current the tags of the commit that the pages are built from
 */
export function readSiteVersion (
  version: string, tags: readonly string[], current: readonly string[]
): SiteVersion {
  const released = tags.filter((tag) => RELEASE.test(tag)).map((tag) => tag.slice(1)).sort(compareLatestFirst)
  const state = current.includes(`v${version}`) ? 'release' : released.includes(version) ? 'after-release' : 'before-release'
  return { version, state, released }
}

const RELEASE = /^v\d+\.\d+\.\d+$/

function compareLatestFirst (one: string, other: string): number {
  return other.localeCompare(one, 'en', { numeric: true })
}

/** That of this working copy. A copy without git, or without tags, has no releases. */
export function siteVersion (): SiteVersion {
  return readSiteVersion(versionOf('fastify-mtls'), listTags([]), listTags(['--points-at', 'HEAD']))
}

function listTags (more: readonly string[]): readonly string[] {
  const { status, stdout } = spawnSync('git', ['tag', '--list', 'v*', ...more], { cwd: root, encoding: 'utf8' })
  return status === 0 ? stdout.split('\n').filter((tag) => tag !== '') : []
}

/** The version in the menu at the top, and what follows it. */
export function describeVersion ({ version, state }: SiteVersion): { readonly name: string, readonly sentence: string } {
  if (state === 'release') return { name: `v${version}`, sentence: `This page is for version ${version}.` }
  const name = `v${version}${state === 'after-release' ? '+' : ''}`
  const sentence = state === 'after-release'
    ? `This page is for version ${version}, with changes that are not released yet.`
    : `This page is for version ${version}, which is not released yet.`
  return { name, sentence }
}

/** Where the documents of a released version are. */
export function documentsOf (version: string): string {
  return `https://github.com/peerkit/peerkit/tree/v${version}/docs`
}
