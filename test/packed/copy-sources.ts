import { cpSync, mkdirSync, readdirSync, readlinkSync, symlinkSync } from 'node:fs'
import { basename, join } from 'node:path'
import { root } from '../architecture/source-graph.ts'

const MADE_HERE = new Set(['node_modules', 'dist', 'coverage', '.tap', '.turbo'])

/**
 * Makes a working copy in `folder` that nobody has built: the sources of the packages and what builds them. Installed
 * packages are links to ours. Those of the suite itself lead to the copy's own sources.
 */
export function copySources (folder: string): void {
  const files = readdirSync(root).filter((name) => /^(package|package-lock|tsconfig.*)\.json$/.test(name) || name === '.npmrc' || name === 'esbuild.config.js')
  for (const name of [...files, 'packages']) {
    cpSync(join(root, name), join(folder, name), { recursive: true, filter: (path) => !MADE_HERE.has(basename(path)) })
  }
  mkdirSync(join(folder, 'node_modules/@peerkit'), { recursive: true })
  for (const name of readdirSync(join(root, 'node_modules'))) {
    if (name !== '@peerkit') symlinkSync(join(root, 'node_modules', name), join(folder, 'node_modules', name))
  }
  for (const name of readdirSync(join(root, 'node_modules/@peerkit'))) {
    symlinkSync(readlinkSync(join(root, 'node_modules/@peerkit', name)), join(folder, 'node_modules/@peerkit', name))
  }
}
