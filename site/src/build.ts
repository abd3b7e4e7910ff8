// Builds the site into site/dist: the API reference first, then the pages. A dead link fails the build.
import { join } from 'node:path'
import { build } from 'vitepress'
import { writeApi } from './api.ts'
import { findDeadLinks } from './built-site.ts'
import { root } from './pages.ts'

await writeApi()
await build(join(root, 'site'))
const dead = findDeadLinks(join(root, 'site/dist'))
for (const link of dead) console.error(link)
if (dead.length > 0) {
  console.error(`${dead.length} dead links. The pages are made of the Markdown files of the repository: mend those.`)
  process.exitCode = 1
}
