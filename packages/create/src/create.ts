import { runPeerkit } from '@peerkit/cli'
import type { Output } from '@peerkit/cli'

/**
 * Writes a service, as `peerkit init` does.
 *
 * @param args the folder and the options of `peerkit init`
 * @param output receives the text for standard output and standard error
 * @returns the exit code: 0 written; 1 a file could not be written; 2 a wrong command line, or the folder is not empty
 * @example
 * ```ts
 * const exitCode = await createService(['shop', '--js'], {
 *   out: (text) => { console.log(text.split(':')[0]) }, // wrote shop in JavaScript
 *   err: (text) => { console.error(text) }
 * })
 * console.log(exitCode) // 0
 * ```
 */
export async function createService (args: readonly string[], output: Output): Promise<number> {
  return await runPeerkit(['init', ...args], output)
}
