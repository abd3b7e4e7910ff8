import { packageFolders, readManifest } from '../architecture/source-graph.ts'

/** What users can import, without the entry points that are for packages of this suite. */
export function publicEntryPoints (): string[] {
  return packageFolders().flatMap((folder) => Object.entries(readManifest(folder)['exports'])
    .filter(([subpath, target]) => typeof target !== 'string' && subpath !== './internal')
    .map(([subpath]) => `@peerkit/${folder}${subpath.slice(1)}`))
}
