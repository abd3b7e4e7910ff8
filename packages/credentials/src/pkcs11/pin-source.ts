import { closeSync, constants, ftruncateSync, mkdtempSync, openSync, rmSync, rmdirSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Linux alone has files without a name (open(2), O_TMPFILE). Node has no constant for it. */
const O_TMPFILE = 0o20000000 | (constants.O_DIRECTORY ?? 0)

/**
 * Gives a PIN to the engine, in a file that nobody else can open. The engine prints the whole URI to stderr if anything
 * fails, so the PIN cannot stand in it (`pin-value`). The file is in memory where there is /dev/shm. It has no name, or
 * loses it before the PIN is written, so nothing is left behind if the process ends here.
 *
 * @param use gets the value of `pin-source`, which is valid until it returns
 */
export function withPinSource<Result> (pin: Uint8Array, use: (source: string) => Result): Result {
  const file = openNameless()
  try {
    // Not at the file's position: on some systems the engine reads from there.
    writeSync(file, pin, 0, pin.length, 0)
    return use(`file:${process.platform === 'linux' ? '/proc/self/fd' : '/dev/fd'}/${file}`)
  } finally {
    ftruncateSync(file)
    closeSync(file)
  }
}

function openNameless (): number {
  if (process.platform === 'linux') {
    for (const folder of ['/dev/shm', tmpdir()]) {
      try {
        return openSync(folder, O_TMPFILE | constants.O_RDWR, 0o600)
      } catch {
        // The file system has no such files, or the folder is not there.
      }
    }
  }
  return openUnlinked(tmpdir())
}

/** Opens a new file, and removes its name. */
export function openUnlinked (parent: string): number {
  const folder = mkdtempSync(join(parent, 'peerkit-'))
  const path = join(folder, 'pin')
  try {
    return openSync(path, 'wx+', 0o600)
  } finally {
    rmSync(path, { force: true })
    rmdirSync(folder)
  }
}
