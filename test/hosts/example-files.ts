import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../architecture/source-graph.ts'

/** The files of an example that stands outside of the workspaces, for a folder of the same name in a project. */
export function readExample (name: string): Record<string, string> {
  const folder = join(root, 'examples', name)
  // What somebody installed or built there by hand is left out.
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !/[\\/](?:node_modules|dist)(?:[\\/]|$)/.test(entry.parentPath))
    .map((entry) => join(entry.parentPath, entry.name))
  return Object.fromEntries(files.map((path) => [join(name, path.slice(folder.length + 1)), readFileSync(path, 'utf8')]))
}
