import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../architecture/source-graph.ts'

/**
 * A new folder for code of the documents, inside the workspace: packages resolve there as they do for a user who
 * installed them. `dispose` it (or declare it with `using`) to delete it.
 */
export class ScratchFolder implements Disposable {
  readonly path: string

  constructor () {
    const parent = join(root, 'test', '.snippets')
    mkdirSync(parent, { recursive: true })
    this.path = mkdtempSync(join(parent, 'run-'))
  }

  [Symbol.dispose] (): void {
    rmSync(this.path, { recursive: true, force: true })
  }
}
