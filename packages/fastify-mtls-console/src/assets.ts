import { readFileSync } from 'node:fs'

/** The files that pages load, from the folder of the package. */
export interface Assets { readonly script: string, readonly style: string, readonly icon: string }

export function readAssets (): Assets {
  const read = (name: string): string => readFileSync(new URL(`../assets/${name}`, import.meta.url), 'utf8')
  return { script: read('console.js'), style: read('console.css'), icon: read('icon.svg') }
}
