import { versionOf } from './pages.ts'

/** What the page of a package shows above its README. */
export interface AboutPackage {
  readonly version: string
  /** Address of its API reference. */
  readonly api: string
}

/** Of the page of a package; `undefined` of every other page. */
export function aboutPackage (page: string): AboutPackage | undefined {
  const [, folder] = /^packages\/([^/]+)\.md$/.exec(page) ?? []
  return folder === undefined ? undefined : { version: versionOf(folder), api: `/api/${folder}.html` }
}
