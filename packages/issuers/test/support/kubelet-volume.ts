import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** A projected volume, written as kubelet does: a new folder for each state, and `..data` is swapped for a link to it. */
export class KubeletVolume {
  readonly folder: string
  #state = 0

  constructor (folder: string) { this.folder = folder }

  write (files: Readonly<Record<string, string>>): void {
    const former = `..2026_11_29_${this.#state}`
    this.#state += 1
    const next = `..2026_11_29_${this.#state}`
    mkdirSync(join(this.folder, next))
    for (const [name, text] of Object.entries(files)) writeFileSync(join(this.folder, next, name), text)
    symlinkSync(next, join(this.folder, '..data_tmp'))
    renameSync(join(this.folder, '..data_tmp'), join(this.folder, '..data'))
    if (this.#state === 1) for (const name of Object.keys(files)) symlinkSync(join('..data', name), join(this.folder, name))
    else rmSync(join(this.folder, former), { recursive: true })
  }
}
